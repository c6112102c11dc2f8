import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.door import VARIABLE
from bridge.frames import AudioBlock
from bridge.sources import SourceError
from bridge.sources.tcp import TcpSource

HEADER = b'{"rate": 16000, "channels": 1, "format": "s16le"}\n'


@pytest.fixture
def source() -> Iterator[TcpSource]:
    listening = TcpSource("tcp://127.0.0.1:0?buffer_s=2")
    yield listening
    listening.close()
    assert not listening._listening.is_alive()


def connect(source: TcpSource) -> socket.socket:
    return socket.create_connection(("127.0.0.1", source.port), timeout=5)


def answer(connection: socket.socket) -> dict[str, str]:
    data = b""
    with suppress(ConnectionResetError):
        while more := connection.recv(4096):
            data += more
    reply = json.loads(data)
    assert data.endswith(b"\n")
    return reply


def until(source: TcpSource, enough: int, limit_s: float = 5.0) -> list[AudioBlock]:
    """Blocks up to the `enough`-th that is not silent."""
    blocks = []
    began = time.perf_counter()
    for block in source:
        blocks.append(block)
        enough -= bool(block.samples.any())
        if not enough or time.perf_counter() - began > limit_s:
            return blocks
    return blocks


def loud(count: int) -> bytes:
    return np.full(count, 8192, "<i2").tobytes()


def test_silence_comes_in_real_time_while_nobody_speaks(source: TcpSource) -> None:
    began = time.perf_counter()
    blocks = [block for block, _ in zip(source, range(30), strict=False)]
    assert 0.29 < time.perf_counter() - began < 3.0
    assert not np.concatenate([b.samples for b in blocks]).any()
    np.testing.assert_allclose([b.time_s for b in blocks], np.arange(30) / 100, atol=1e-9)
    assert "waiting for a producer" in source.status().detail


def test_speech_pushed_at_once_is_played_in_real_time_and_the_next_producer_follows(
    source: TcpSource,
) -> None:
    with connect(source) as first:
        first.sendall(HEADER + loud(16000 // 2 + 7) + b"\x01")  # a partial sample at the end
    blocks = until(source, 51)
    spoken = np.concatenate([b.samples for b in blocks])
    assert np.count_nonzero(spoken) == 8007
    assert np.flatnonzero(spoken).size == np.ptp(np.flatnonzero(spoken)) + 1  # in one piece
    np.testing.assert_allclose(np.diff([b.captured_at for b in blocks]), 0.01, atol=1e-6)
    with connect(source) as second:
        second.sendall(HEADER.replace(b"16000", b"48000") + loud(4800))
    assert until(source, 1)[-1].samples.any()
    assert source.status().dropped_blocks == 0


def test_a_header_in_pieces_and_odd_packets(source: TcpSource) -> None:
    data = HEADER.replace(b"1,", b"3,") + np.full((1600, 3), 8192, "<i2").tobytes()
    with connect(source) as producer:
        producer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(data), 997):
            producer.sendall(data[at : at + 997])
            time.sleep(0.002)
    spoken = np.concatenate([b.samples for b in until(source, 10)])
    np.testing.assert_allclose(spoken[spoken != 0], 0.25)
    assert np.count_nonzero(spoken) == 1600


def test_more_than_the_buffer_drops_the_oldest_and_counts(source: TcpSource) -> None:
    ramp = np.arange(1, 4 * 16000 + 1) // 160 + 1  # 4 s; the buffer holds 2
    with connect(source) as producer:
        producer.sendall(HEADER + ramp.astype("<i2").tobytes())
    deadline = time.perf_counter() + 5
    while source.status().dropped_blocks < 200 and time.perf_counter() < deadline:
        time.sleep(0.01)
    assert source.status().dropped_blocks == pytest.approx(201, abs=2)
    first = until(source, 1)[-1].samples * 2**15
    assert first[0] > 195


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"hello\n", "not a line of JSON"),
        (b'{"rate": 0, "channels": 1, "format": "s16le"}\n', "rate must be a whole number"),
        (HEADER[:-2] + b', "speaker": "Ann"}\n', "unknown keys 'speaker'; known are rate, channels, format"),
        (b"x" * (64 * 1024 + 1), "no newline within 65536 bytes"),
        (b"x" * (300 * 1024), "no newline within 65536 bytes"),
        (b"x" * 70_000 + b"\n" + HEADER, "no newline within 65536 bytes"),
    ],
)
def test_a_malformed_header_gets_one_error_line_and_a_closed_socket(
    source: TcpSource, sent: bytes, says: str
) -> None:
    with connect(source) as producer:
        with suppress(ConnectionResetError, BrokenPipeError):
            producer.sendall(sent)
        assert says in answer(producer)["error"]
    with connect(source) as next_one:
        next_one.sendall(HEADER + loud(1600))
    assert until(source, 1)[-1].samples.any()
    assert "1 refused" in source.status().detail


def test_an_end_before_the_header_is_answered(source: TcpSource) -> None:
    with connect(source) as producer:
        producer.sendall(b'{"rate"')
        producer.shutdown(socket.SHUT_WR)
        assert "no header line came before the end" in answer(producer)["error"]


@given(st.binary(max_size=300), st.booleans())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_the_source_lives_on(source: TcpSource, noise: bytes, with_header: bool) -> None:
    header = HEADER.replace(b"s16le", b"f32le") if with_header else b""
    with connect(source) as producer:
        producer.sendall(header + noise)
        producer.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while producer.recv(4096):
                pass
    assert source._listening.is_alive()
    for block, _ in zip(source, range(3), strict=False):
        assert np.isfinite(block.samples).all()
        assert block.samples.shape == (160,)


def test_close_ends_everything_while_a_producer_speaks() -> None:
    source = TcpSource("tcp://127.0.0.1:0")
    with connect(source) as producer:
        producer.sendall(HEADER + loud(160))
        began = time.perf_counter()
        threading.Timer(0.1, source.close).start()
        assert len(list(source)) < 200
        assert time.perf_counter() - began < 2.0  # 0.1 s on an idle machine
        source.close()
        source._listening.join(1)
        assert not source._listening.is_alive()
    assert source.status().state == "ended"
    with pytest.raises(OSError):  # refused or reset, by platform
        socket.create_connection(("127.0.0.1", source.port), timeout=1)


def test_a_port_that_is_taken(source: TcpSource) -> None:
    with pytest.raises(SourceError, match=rf"cannot listen on 127.0.0.1:{source.port}: .*another port"):
        TcpSource(f"tcp://127.0.0.1:{source.port}")


def test_a_jittery_producer_in_real_time_is_not_cut_into_pieces(source: TcpSource) -> None:
    def speak() -> None:
        with connect(source) as producer:
            producer.sendall(HEADER)
            begun = time.perf_counter()
            for i in range(20):  # packets of 20 ms, every other one 15 ms late
                time.sleep(max(0.0, begun + i * 0.02 + 0.015 * (i % 2) - time.perf_counter()))
                producer.sendall(loud(320))

    threading.Thread(target=speak).start()
    spoken = np.concatenate([b.samples for b in until(source, 40)])
    where = np.flatnonzero(spoken)
    assert where.size == np.ptp(where) + 1 == 6400


def test_who_has_not_the_token_is_not_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    token = "-".join(("correct", "horse", "battery"))
    (tmp_path / "token").write_text(token)
    source = TcpSource(f"tcp://0.0.0.0:0?token_file={tmp_path / 'token'}")
    try:
        for shown in ({}, {"token": "wrong"}, {"token": token[:-1]}, {"token": 7}, {"token": None}):
            with connect(source) as stranger:
                stranger.sendall(json.dumps(json.loads(HEADER) | shown).encode() + b"\n" + loud(1600))
                assert "without the right token" in answer(stranger)["error"]
        assert "5 refused" in source.status().detail
        assert not np.concatenate([b.samples for b, _ in zip(source, range(10), strict=False)]).any()
        with connect(source) as producer:
            producer.sendall(json.dumps(json.loads(HEADER) | {"token": token}).encode() + b"\n" + loud(1600))
        assert until(source, 1)[-1].samples.any()
        assert token not in f"{source.status()}{caplog.text}"
        assert caplog.text.count("without the right token") == 1
    finally:
        source.close()
