"""Where VTube Studio is: it announces itself on the local network by UDP every two seconds.

An announcement is no proof of anything, so one from another machine counts only where that is asked for.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from bridge.sinks.vts_message import AnswerError, announcement

PORT = 47_779
LISTEN_S = 2.5
"""Long enough for one announcement."""
SLICE_S = 0.2
DATAGRAM_BYTES = 4096
"""An announcement has some 350."""


def find(*, elsewhere: bool, goes_on: Callable[[], None]) -> tuple[str, int] | None:
    """IP address and port of the VTube Studio that announces itself first; None if none does.

    Args:
        elsewhere: whether one on another machine counts.
        goes_on: called now and then while waiting; raises to end the search.
    """
    try:
        sock = _open()
    except OSError:  # the port is held by a program that shares it with nobody
        return None
    with sock:
        until = time.perf_counter() + LISTEN_S
        while time.perf_counter() < until:
            goes_on()
            try:
                data, (ip, *_) = sock.recvfrom(DATAGRAM_BYTES)
                port = announcement(data)
            except (OSError, AnswerError):  # a time-out is an OSError, as is a datagram too long for Windows
                continue
            if _is_ours(ip):
                return "127.0.0.1", port
            if elsewhere:
                return ip, port
    return None


def _open() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # other plugins listen, too
        if hasattr(socket, "SO_REUSEPORT"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # what macOS wants for that
        sock.bind(("", PORT))  # announcements go to the broadcast address
        sock.settimeout(SLICE_S)
    except OSError:
        sock.close()
        raise
    return sock


def _is_ours(ip: str) -> bool:
    """Whether an address belongs to this machine: only then can it be bound."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((ip, 0))
        except OSError:
            return False
    return True
