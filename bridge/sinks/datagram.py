"""UDP packets to several receivers at once. A send never blocks and never raises.

Each receiver has a connected, non-blocking socket of its own: only so does the system say *which* receiver
is absent, and one that is absent costs the others nothing. Knows no protocol: a packet is bytes, and what
packets a frame becomes is said by the sinks that stand on `DatagramSink`.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from abc import ABC, abstractmethod
from collections.abc import Sequence

from bridge.address import Endpoint
from bridge.frames import RigFrame
from bridge.sinks import SinkStatus


class _Receiver:
    """One place packets go to, and what became of them."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._socket: socket.socket | None = None
        self.absences = 0
        self.faults = 0
        self._state = "not sent to yet"

    def send(self, packets: Sequence[bytes]) -> bool:
        """Sends all packets of a frame; false if the receiver is known to have missed it."""
        try:
            if self._socket is None:
                self._socket = self._open()
            refusals = sum([self._refused(self._socket, packet) for packet in packets])
        except BlockingIOError:  # the system's own send buffer is full
            self._state = "the send buffer is full"
            return False
        except OSError as error:
            if error.errno == errno.ENOBUFS:  # the same, as macOS says it
                self._state = "the send buffer is full"
                return False
            # The network went away or changed under the socket: another one finds the new route.
            self.faults += 1
            self._state = error.strerror or str(error)
            self.close()
            return False
        if refusals:
            self.absences += 1
            self._state = "nobody listens"
            return False
        self._state = "ok"
        return True

    @staticmethod
    def _refused(sock: socket.socket, packet: bytes) -> bool:
        """Sends a packet; true if an ICMP "port unreachable" for an earlier one came back instead.

        That error (WSAECONNRESET on Windows) swallows the packet it is reported on, so it is sent once
        more: a receiver that has just come back gets its first frame whole.
        """
        try:
            sock.send(packet)
        except (ConnectionRefusedError, ConnectionResetError):
            with contextlib.suppress(ConnectionRefusedError, ConnectionResetError):
                sock.send(packet)
            return True
        return False

    def _open(self) -> socket.socket:
        sock = socket.socket(self._endpoint.family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if self._endpoint.family == socket.AF_INET:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)  # 192.168.1.255 is a fair receiver
            sock.connect((self._endpoint.ip, self._endpoint.port))
        except OSError:
            sock.close()
            raise
        return sock

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __str__(self) -> str:
        missed = f" ({self.absences} times)" if self.absences else ""
        return f"{self._endpoint} {self._state}{missed}"


class Datagrams:
    """Sends the packets of a frame to every receiver and counts what happens."""

    def __init__(self, uri: str, endpoints: Sequence[Endpoint]) -> None:
        self.uri = uri
        self._receivers = [_Receiver(endpoint) for endpoint in endpoints]
        self._sent = 0
        self._dropped = 0
        self._closed = False

    def send(self, packets: Sequence[bytes]) -> None:
        """Sends all packets of one frame, in order, to each receiver."""
        if self._closed:
            self._dropped += 1
            return
        reached = [receiver.send(packets) for receiver in self._receivers]  # a list: all are tried
        if any(reached):
            self._sent += 1
        else:
            self._dropped += 1

    def status(self) -> SinkStatus:
        """Counters, and one phrase for each receiver."""
        errors = sum(receiver.absences + receiver.faults for receiver in self._receivers)
        detail = " · ".join(str(receiver) for receiver in self._receivers)
        return SinkStatus(self.uri, self._sent, self._dropped, errors, detail)

    def close(self) -> None:
        """Closes the sockets; what is sent later is counted as dropped."""
        self._closed = True
        for receiver in self._receivers:
            receiver.close()


class DatagramSink(ABC):
    """A sink whose frames are packets."""

    def __init__(self, uri: str, endpoints: Sequence[Endpoint]) -> None:
        self.uri = uri
        self._datagrams = Datagrams(uri, endpoints)

    @abstractmethod
    def packets(self, frame: RigFrame) -> list[bytes]:
        """The datagrams of one frame, in the order they are sent."""

    def send(self, frame: RigFrame) -> None:
        """Sends the frame to every receiver; never blocks."""
        self._datagrams.send(self.packets(frame))

    def status(self) -> SinkStatus:
        """Counters, and which receivers listen."""
        return self._datagrams.status()

    def close(self) -> None:
        """Closes the sockets."""
        self._datagrams.close()
