"""Multicast discovery between two hosts, each a network namespace of its own."""

import asyncio
from collections.abc import Iterator
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("ip") is None,
        reason="network namespaces need root and iproute2",
    ),
]
_ROOT = Path(__file__).parents[2]
_CAMERA, _CLIENT = "10.77.0.1", "10.77.0.2"
_ASK = """
import socket, sys
probe = sys.stdin.buffer.read()
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 0))
sock.setsockopt(
    socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1])
)
sock.settimeout(2)
sock.sendto(probe, ("239.255.255.250", 3702))
try:
    while True:
        data, peer = sock.recvfrom(65536)
        print(peer[0], data.decode().split("<d:XAddrs>")[1].split("<")[0], flush=True)
        sock.settimeout(0.3)
except TimeoutError:
    pass
"""
_PROBE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header>'
    "<a:MessageID>urn:uuid:0a6dc791-2be6-4991-9af1-454778a1917b</a:MessageID>"
    "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
    "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>"
    "</s:Header><s:Body><d:Probe/></s:Body></s:Envelope>"
)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@pytest.fixture
def two_hosts() -> Iterator[tuple[str, str]]:
    """Two namespaces joined by a cable; gone afterwards, whatever happened."""
    camera, client = f"vt-cam-{os.getpid()}", f"vt-cli-{os.getpid()}"
    try:
        _ip("netns", "add", camera)
        _ip("netns", "add", client)
        cable = ("type", "veth", "peer", "name", "eth0", "netns", client)
        _ip("link", "add", "eth0", "netns", camera, *cable)
        for name, address in ((camera, _CAMERA), (client, _CLIENT)):
            _ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", "eth0", "up")
        yield camera, client
    finally:
        for name in (camera, client):
            subprocess.run(["ip", "netns", "del", name], check=False)


async def test_devices_answer_a_multicast_probe_from_another_host(
    two_hosts: tuple[str, str], tmp_path: Path
) -> None:
    """Three devices on one host answer by unicast, each with its own port."""
    camera, client = two_hosts
    simulator = await asyncio.create_subprocess_exec(
        *("ip", "netns", "exec", camera, sys.executable, "-m", "tests.simulator"),
        *("--scenario=three-on-one-host", f"--host={_CAMERA}", "--base-port=11000"),
        *("--multicast", "--discovery-port=3702", f"--footage-cache={tmp_path}"),
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
    )
    assert simulator.stdout is not None
    try:
        line = await asyncio.wait_for(simulator.stdout.readline(), 30)
        assert json.loads(line)["ready"] is True
        asker = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", client, sys.executable, "-c", _ASK, _CLIENT),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await asyncio.wait_for(asker.communicate(_PROBE.encode()), 30)
    finally:
        simulator.terminate()
        await simulator.wait()
    assert sorted(told.decode().splitlines()) == [
        f"{_CAMERA} http://{_CAMERA}:{port}/onvif/device_service"
        for port in (11000, 11001, 11002)
    ]
