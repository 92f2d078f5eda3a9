"""TCP ports that a device finds free again after it was switched off."""

import errno
import random
import socket

LENT_FROM = 32_000
"""From here on systems lend ports to whoever asks for any: they are not kept for us."""
FIRST = 12_000
TRIES = 200


def listen(host: str, port: int, backlog: int = 64) -> socket.socket:
    """Return a listening socket; `port` 0 stands for any free one.

    Such a port is none that the system lends to others while the device is off. Raises
    `OSError` if the port, or any of those tried, is taken.
    """
    ports = [port] if port else random.sample(range(FIRST, LENT_FROM), TRIES)
    for number in ports[:-1]:
        try:
            return _listen(host, number, backlog)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return _listen(host, ports[-1], backlog)


def _listen(host: str, port: int, backlog: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener
