"""Puts the running process, and all it starts, into a network with nothing but loopback."""

from contextlib import suppress
import fcntl
import os
from pathlib import Path
import shutil
import socket
import struct
import subprocess
import sys

_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1


def enter() -> bool:
    """Enter a network namespace of our own; False where the machine does not allow it.

    To be called before any thread is started.
    """
    if sys.platform != "linux":
        return False
    user, group = os.getuid(), os.getgid()
    try:
        if user == 0:
            with suppress(OSError):
                os.unshare(os.CLONE_NEWNET)
                _raise_loopback()
                return True
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")
        _raise_loopback()
    except OSError:
        return False
    return True


def add_network(name: str, address: str) -> bool:
    """Add a network whose only host is `address`; False where that is not possible.

    Only after `enter` said yes. A cable with both ends on this machine: what is sent by
    multicast is heard here, and nowhere else.
    """
    program = shutil.which("ip")
    if program is None:
        return False
    for words in (
        ("link", "add", name, "type", "veth", "peer", "name", f"{name}-end"),
        ("address", "add", f"{address}/24", "dev", name),
        ("link", "set", name, "up", "multicast", "on"),
        ("link", "set", f"{name}-end", "up"),
    ):
        try:
            subprocess.run([program, *words], check=True, capture_output=True)
        except OSError, subprocess.CalledProcessError:
            return False
    return True


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        answer = fcntl.ioctl(control, _SIOCGIFFLAGS, request)
        flags = struct.unpack("16sh14x", answer)[1] | _IFF_UP
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags))
