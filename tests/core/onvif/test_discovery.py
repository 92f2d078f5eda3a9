"""Multicast discovery, between two hosts in network namespaces of their own."""

# Reads private members: sockets are exchanged, those of the discovery library, too.

# ruff: noqa: N802 - names are those of the library
import asyncio
from collections.abc import Callable, Iterator
import json
import os
from pathlib import Path
import shutil
import socket
import subprocess
import sys
import threading
from typing import Any, ClassVar

import pytest

from custom_components.vtrack_nvr.core.onvif import discovery, ws_library
from custom_components.vtrack_nvr.core.onvif.probe_match import (
    MAX_DATAGRAM,
    FoundDevice,
)
from tests.simulator.scenario import make_specs
from tests.simulator.simulator import Simulator

ROOT = Path(__file__).parents[3]
NEAR, FAR = f"vtn{os.getpid()}", f"vtf{os.getpid()}"

SEARCH = """
import asyncio, json, sys, threading, time
import scripts.nvr_cli
from custom_components.vtrack_nvr.core.onvif.discovery import discover

async def main():
    seen, told = [], []
    found = await discover(
        json.loads(sys.argv[1]), seconds=2.0, on_found=seen.append,
        on_progress=told.append,
    )
    threads = [t.name for t in threading.enumerate() if "asyncio" not in t.name]
    print(json.dumps({
        "found": [[d.host, d.port, d.name, d.endpoint_id] for d in found],
        "seen": len(seen), "last": told[-1], "threads": threads,
    }))

asyncio.run(main())
"""


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def two_hosts() -> Iterator[None]:
    """Two network namespaces joined by a cable; nothing leaves them."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2 to make network namespaces")
    try:
        run("ip", "netns", "add", NEAR)
    except subprocess.CalledProcessError:
        pytest.skip("network namespaces are not allowed here")
    try:
        run("ip", "netns", "add", FAR)
        cable = ("type", "veth", "peer", "name", "eth0", "netns", FAR)
        run("ip", "-n", NEAR, "link", "add", "eth0", *cable)
        for name, address in ((NEAR, "10.77.0.1/24"), (FAR, "10.77.0.2/24")):
            run("ip", "-n", name, "address", "add", address, "dev", "eth0")
            run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", name, "link", "set", "eth0", "up")
            run("ip", "-n", name, "route", "add", "default", "dev", "eth0")
        yield
    finally:
        for name in (NEAR, FAR):
            subprocess.run(
                ["ip", "netns", "del", name], check=False, capture_output=True
            )


def within(name: str, *words: str) -> list[str]:
    return ["ip", "netns", "exec", name, sys.executable, *words]


@pytest.mark.root
@pytest.mark.usefixtures("two_hosts")
def test_cameras_on_another_host_are_found() -> None:
    simulator = subprocess.Popen(
        within(
            FAR, "-m", "tests.simulator", "--scenario", "three-on-one-host",
            "--host", "10.77.0.2", "--base-port", "1000", "--multicast",
            "--discovery-port", "3702",
        ),
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert simulator.stdout is not None
        assert json.loads(simulator.stdout.readline())["ready"]
        for interfaces in ('["10.77.0.1"]', "null"):
            done = subprocess.run(
                within(NEAR, "-c", SEARCH, interfaces),
                cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
            )  # fmt: skip
            answer: dict[str, Any] = json.loads(done.stdout)
            assert sorted(answer["found"]) == [
                [
                    "10.77.0.2",
                    1000 + n,
                    name,
                    f"7f3d4c1e-0000-4000-8000-0000000000{11 + n}",
                ]
                for n, name in enumerate(("First", "Second", "Third"))
            ]
            assert answer["seen"] == 3
            assert answer["last"] == 1.0
            assert answer["threads"] == ["MainThread"]
    finally:
        simulator.terminate()
        simulator.wait(10)


class Searcher:
    """Stands in for the library: what it was asked, and what it hears."""

    instances: list[Searcher]
    datagrams: tuple[bytes, ...] = ()

    def __init__(
        self,
        interfaces: list[str] | None,
        hear: Callable[[bytes, str], None],
        **options: object,
    ) -> None:
        self.asked: list[object] = []
        self.interfaces = interfaces
        self.hear = hear
        self.is_stopped = False
        self.options = options
        type(self).instances.append(self)

    def start(self) -> None:
        pass

    def searchServices(self, types: list[object], timeout: float) -> None:
        assert timeout == 0
        self.asked += types
        for datagram in self.datagrams:
            self.hear(datagram, "192.0.2.9")

    def stop(self) -> None:
        self.is_stopped = True


GATE = (
    b"<s:Envelope><Body><ProbeMatches><ProbeMatch><EndpointReference><Address>"
    b"urn:uuid:ab</Address></EndpointReference><Types>dn:NetworkVideoTransmitter</Types>"
    b"<Scopes>onvif://www.onvif.org/name/Gate</Scopes><XAddrs>"
    b"http://192.0.2.9:81/onvif/device_service</XAddrs></ProbeMatch></ProbeMatches>"
    b"</Body></s:Envelope>"
)
PRINTER = GATE.replace(b"NetworkVideoTransmitter", b"Printer").replace(
    b"onvif", b"printer"
)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> type[Searcher]:
    class Fake(Searcher):
        instances: ClassVar[list[Searcher]] = []
        datagrams = (b"rubbish", PRINTER, GATE, GATE)

    monkeypatch.setattr(discovery, "make_searcher", Fake)
    return Fake


async def find(interfaces: list[str], **options: Any) -> tuple[FoundDevice, ...]:
    return await discovery.discover(interfaces, seconds=0.05, **options)


async def test_the_library_asks_for_both_types_on_the_given_interfaces(
    library: type[Searcher],
) -> None:
    seen: list[FoundDevice] = []
    (found,) = await find(["192.0.2.1", "127.0.0.1"], on_found=seen.append)
    assert (found.host, found.port, found.name) == ("192.0.2.9", 81, "Gate")
    assert seen == [found]
    (searcher,) = library.instances
    assert [kind.getLocalname() for kind in searcher.asked] == [
        "NetworkVideoTransmitter",
        "Device",
    ]
    assert searcher.interfaces == ["192.0.2.1", "127.0.0.1"]
    assert searcher.is_stopped
    assert searcher.options["ttl"] == 4


async def test_cancelling_waits_for_the_threads(library: type[Searcher]) -> None:
    before = threading.active_count()
    task = asyncio.create_task(discovery.discover(["127.0.0.1"], seconds=30))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert library.instances[0].is_stopped
    assert threading.active_count() <= before + 1


@pytest.mark.parametrize("failing", ["start", "stop"])
async def test_a_library_that_fails_finds_nothing_and_raises_nothing(
    library: type[Searcher], monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(self: Searcher) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(library, failing, fail)
    assert len(await find(["127.0.0.1"])) == (failing == "stop")


async def test_without_the_library_discovery_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(ws_library.importlib, "import_module", missing)
    assert await find(["127.0.0.1"]) == ()
    assert "not installed" in caplog.text


async def test_no_interface_with_multicast_is_an_empty_answer(
    library: type[Searcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "searchServices", lambda *_, **__: None)
    # An address this host does not have.
    assert await find(["192.0.2.77"]) == ()


async def test_sloppy_devices_answer_the_probe_without_types(
    library: type[Searcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their answers lack what the library insists on; ours reads them."""
    monkeypatch.setattr(library, "searchServices", lambda *_, **__: None)

    def loopback(address: str) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        return sock

    monkeypatch.setattr(discovery, "_multicast_socket", loopback)
    monkeypatch.setattr(discovery, "local_addresses", lambda: ("192.0.2.1",))
    specs = make_specs("three-on-one-host")
    specs[0].faults.discovery_wrong_relates_to = True
    async with Simulator(specs, discovery_port=0) as simulator:
        assert simulator.discovery is not None
        monkeypatch.setattr(discovery, "GROUP", "127.0.0.1")
        monkeypatch.setattr(discovery, "PORT", simulator.discovery.port)
        seen: list[FoundDevice] = []
        told: list[float] = []
        found = await discovery.discover(
            None, seconds=0.3, on_found=seen.append, on_progress=told.append
        )
    assert {device.name for device in found} == {"First", "Second", "Third"}
    # Every probe is sent twice, every device is told once.
    assert len(seen) == 3
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_a_multicast_socket_belongs_to_its_interface() -> None:
    with discovery._multicast_socket("127.0.0.1") as sock:
        assert sock.getsockname()[0] == "127.0.0.1"
        ttl = sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL)
        assert ttl == 4
    with pytest.raises(OSError, match=r"."):
        discovery._multicast_socket("192.0.2.77")


def test_the_hosts_own_addresses_are_without_loopback() -> None:
    assert all(
        not address.startswith("127.") for address in discovery.local_addresses()
    )


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], list[Any]]]:
    """The library's own thread class with a socket of ours; nothing is sent."""
    caught: list[Any] = []
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    searcher = ws_library.make_searcher(
        ["127.0.0.1"], lambda *words: caught.append(words), ttl=1, repeats=1
    )

    class Heard:
        def recvfrom(self, size: int) -> tuple[bytes, tuple[str, int]]:
            return ours.recv(size), ("192.0.2.9", 3702)

        def fileno(self) -> int:
            return ours.fileno()

    monkeypatch.setattr(
        "wsdiscovery.threaded.NetworkingThread._createMulticastInSocket",
        lambda _: Heard(),
    )
    monkeypatch.setattr("wsdiscovery.threaded.parseSOAPMessage", None)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", lambda _: None)
        searcher.start()
    thread = searcher._networkingThread_v4

    def receive(data: bytes) -> list[Any]:
        theirs.send(data)
        caught.clear()
        thread._recvMessages()
        return caught

    yield receive
    thread._uniOutSocket.close()
    ours.close()
    theirs.close()


def test_the_library_never_parses_what_it_receives(
    heard: Callable[[bytes], list[Any]],
) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    assert heard(bomb) == [(bomb, "192.0.2.9")]
    assert len(heard(b"x" * 60_000)[0][0]) <= MAX_DATAGRAM + 1


def test_a_library_that_changed_inside_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("wsdiscovery.threaded.NetworkingThread._recvMessages")
    with pytest.raises(ImportError):
        ws_library.make_searcher(None, lambda *_: None, ttl=1, repeats=1)


@pytest.mark.parametrize(
    ("interfaces", "used"),
    [(["192.0.2.1"], ["192.0.2.1"]), (None, ["192.0.2.1", "192.0.2.2"])],
)
def test_the_library_uses_the_given_interfaces(
    monkeypatch: pytest.MonkeyPatch, interfaces: list[str] | None, used: list[str]
) -> None:
    added: list[str] = []

    def remove(_self: object, addr: str) -> None:
        added.remove(addr)
        raise KeyError(addr)

    networking = "wsdiscovery.threaded.ThreadedNetworking"
    monkeypatch.setattr(
        f"{networking}.addSourceAddr", lambda _, addr: added.append(addr)
    )
    monkeypatch.setattr(f"{networking}.removeSourceAddr", remove)
    searcher = ws_library.make_searcher(interfaces, lambda *_: None, ttl=1, repeats=1)
    for address in ("192.0.2.1", "192.0.2.2"):
        searcher.addSourceAddr(address)
    assert added == used
    for address in ("192.0.2.1", "192.0.2.2"):
        searcher.removeSourceAddr(address)
    assert not added
