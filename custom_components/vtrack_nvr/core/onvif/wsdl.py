"""Builds requests from the WSDLs that onvif-zeep-async brings along.

zeep writes requests; their answers are read by our own lenient readers
(docs/decisions/0002-zeep-behind-client.md says why). Importing zeep and loading a WSDL blocks for up to
seconds on a small host, so both happen once per process, on a worker thread.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
import importlib
import logging
import os
from pathlib import Path
import threading
from typing import Any

from .names import Service

_FILES = {
    Service.DEVICE: ("devicemgmt.wsdl", "DeviceBinding"),
    Service.MEDIA: ("media.wsdl", "MediaBinding"),
    Service.SEARCH: ("search.wsdl", "SearchBinding"),
    Service.REPLAY: ("replay.wsdl", "ReplayBinding"),
    Service.RECORDING: ("recording.wsdl", "RecordingBinding"),
}
_PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")

_lock = threading.Lock()
_loading: Future[Mapping[Service, Any]] | None = None


def _import_quietly() -> tuple[Any, Any, Any]:
    """Import the library and undo what its import does to the whole process.

    It configures the root logger and takes the proxies out of the environment.
    """
    root = logging.getLogger()
    level, handlers = root.level, tuple(root.handlers)
    proxies = {name: os.environ[name] for name in _PROXIES if name in os.environ}
    try:
        library = importlib.import_module("onvif")
        transport = importlib.import_module("onvif.transport")
        zeep = importlib.import_module("zeep")
    finally:
        root.setLevel(level)
        for handler in tuple(root.handlers):
            if handler not in handlers:
                root.removeHandler(handler)
        os.environ.update(proxies)
    return library, transport, zeep


def _load() -> Mapping[Service, Any]:
    library, transport, zeep = _import_quietly()
    folder = Path(library.__file__).parent / "wsdl"
    settings = zeep.Settings(strict=False)
    clients: dict[Service, Any] = {}
    for service, (name, binding) in _FILES.items():
        client = zeep.Client(
            str(folder / name),
            # Loads the files of the package and refuses everything else.
            transport=transport.ASYNC_TRANSPORT,
            settings=settings,
        )
        clients[service] = client.wsdl.bindings[f"{{{service}}}{binding}"]
    return clients


def _run(future: Future[Mapping[Service, Any]]) -> None:
    try:
        future.set_result(_load())
    except BaseException as error:  # noqa: BLE001 - handed to everybody who waits
        future.set_exception(error)


async def warm_up() -> None:
    """Load the library and its WSDLs, once per process; the loop is not held."""
    global _loading  # noqa: PLW0603 - one per process is the point
    with _lock:
        is_first = _loading is None or (
            _loading.done() and _loading.exception() is not None
        )
        if is_first or _loading is None:
            _loading = Future()
        future = _loading
    if is_first:
        asyncio.get_running_loop().run_in_executor(None, _run, future)
    # One waiter that is cancelled must not cancel the others.
    await asyncio.shield(asyncio.wrap_future(future))


def build(service: Service, operation: str, parameters: Mapping[str, Any]) -> str:
    """Return the body of a request as XML; `warm_up` must have been awaited.

    Datetimes must be aware; they are written with `Z`, as devices demand.
    """
    if _loading is None:
        msg = "warm_up() was not awaited"
        raise RuntimeError(msg)
    binding = _loading.result(timeout=0)[service]
    message = binding.get(operation).create(**parameters)
    etree = importlib.import_module("lxml.etree")
    body = next(item for item in message.content if str(item.tag).endswith("}Body"))
    # Exclusive C14N: only the prefixes that are used, no blanks, no declaration.
    written: bytes = etree.tostring(body[0], method="c14n", exclusive=True)
    return written.decode()
