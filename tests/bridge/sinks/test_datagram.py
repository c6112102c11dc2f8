from __future__ import annotations

import socket
import time

import pytest

from bridge.address import endpoints
from bridge.sinks.datagram import Datagrams


@pytest.fixture
def receiver() -> socket.socket:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5.0)
        yield sock


def opened(*ports: int) -> Datagrams:
    return Datagrams("udp", endpoints("udp", ",".join(f"127.0.0.1:{port}" for port in ports)))


def test_packets_come_whole_and_in_order(receiver: socket.socket) -> None:
    datagrams = opened(receiver.getsockname()[1])
    datagrams.send([b"one", b"two"])
    assert [receiver.recv(100), receiver.recv(100)] == [b"one", b"two"]
    status = datagrams.status()
    assert (status.sent, status.dropped, status.errors) == (1, 0, 0)
    assert status.detail.endswith(" ok")
    datagrams.close()


def test_an_absent_receiver_costs_the_others_nothing(receiver: socket.socket, absent_port: int) -> None:
    present = receiver.getsockname()[1]
    datagrams = opened(absent_port, present)
    for i in range(20):
        datagrams.send([b"%d" % i])
        time.sleep(0.002)  # lets the refusal come back
    assert [receiver.recv(100) for _ in range(20)] == [b"%d" % i for i in range(20)]
    status = datagrams.status()
    assert (status.sent, status.dropped) == (20, 0)
    assert status.errors > 0
    assert f"127.0.0.1:{absent_port} nobody listens" in status.detail
    assert f"127.0.0.1:{present} ok" in status.detail
    datagrams.close()


def test_a_receiver_that_comes_back_misses_nothing_more(absent_port: int) -> None:
    datagrams = opened(absent_port)
    for _ in range(3):  # odd: the refusal of the last one is still to be reported
        datagrams.send([b"lost"])
        time.sleep(0.01)
    assert datagrams.status().dropped > 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
        back.bind(("127.0.0.1", absent_port))
        back.settimeout(5.0)
        datagrams.send([b"first", b"second"])
        assert [back.recv(100), back.recv(100)] == [b"first", b"second"]
        datagrams.send([b"third"])
        assert back.recv(100) == b"third"
        assert datagrams.status().detail.startswith(f"127.0.0.1:{absent_port} ok")
    datagrams.close()


def test_a_fault_is_counted_and_the_next_frame_goes_out(receiver: socket.socket) -> None:
    datagrams = opened(receiver.getsockname()[1])
    datagrams.send([bytes(100_000)])  # more than a datagram holds: a real error from the system
    status = datagrams.status()
    assert (status.sent, status.dropped, status.errors) == (0, 1, 1)
    datagrams.send([b"next"])
    assert receiver.recv(100) == b"next"
    assert datagrams.status().sent == 1
    datagrams.close()


def test_a_receiver_that_never_reads_does_not_stall(receiver: socket.socket) -> None:
    datagrams = opened(receiver.getsockname()[1])
    start = time.perf_counter()
    for _ in range(3000):
        datagrams.send([bytes(1400)])
    assert time.perf_counter() - start < 3.0
    datagrams.close()


def test_close_twice_and_send_after() -> None:
    datagrams = opened(9)
    datagrams.close()
    datagrams.close()
    datagrams.send([b"x"])
    assert datagrams.status().dropped == 1
