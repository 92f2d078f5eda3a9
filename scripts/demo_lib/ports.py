"""Free TCP ports on loopback."""

import socket


def is_free(port: int) -> bool:
    """Return whether nobody listens on that port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def first_free(*wanted: int) -> int:
    """Return the first of these ports that is free, else any free one."""
    return next((port for port in wanted if is_free(port)), 0) or free_port()


def free_range(first: int, count: int, last: int = 65_536) -> int:
    """Return the lowest port from `first` on with `count` free ones in a row."""
    base = first
    while base + count < last:
        taken = [port for port in range(base, base + count) if not is_free(port)]
        if not taken:
            return base
        base = taken[-1] + 1
    raise RuntimeError("no free ports on this machine")
