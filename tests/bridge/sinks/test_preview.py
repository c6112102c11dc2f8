"""The preview's server: real HTTP on loopback, several browsers at once, foreign ones, deaf ones."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from bridge.frames import ARKIT, EMOTIONS, RigFrame, rest_cues
from bridge.landmarks import GAP_LOWER, neutral_face
from bridge.sinks import SinkError, open_sink
from bridge.sinks.preview import PreviewSink, event


def frame(n: int, gap: float = 0.0) -> RigFrame:
    landmarks = neutral_face().copy()
    landmarks[[55, 56, 57, 58, 59, *GAP_LOWER]] -= np.float32([0, gap, 0])
    weights = np.zeros(52, np.float32)
    weights[ARKIT.index("jawOpen")] = 0.75
    return RigFrame(rest_cues(n, landmarks), weights, 0.1234)


@pytest.fixture
def sink() -> Iterator[PreviewSink]:
    opened = open_sink("preview://127.0.0.1:0", actor="anna")
    assert isinstance(opened, PreviewSink)
    yield opened
    opened.close()


def wait_for(what: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.perf_counter() + seconds
    while not what():
        assert time.perf_counter() < end, "it did not happen in time"
        time.sleep(0.01)


def browsers(sink: PreviewSink, count: int) -> None:
    wait_for(lambda: f" · {count} browser" in sink.status().detail)


def events(stream: Any) -> Iterator[dict[str, Any]]:
    """What a browser's EventSource would hand out."""
    data = ""
    for line in stream:
        text = line.decode().rstrip("\n")
        if text.startswith("data: "):
            data += text.removeprefix("data: ")
        elif not text and data:
            yield json.loads(data)
            data = ""


def ask(sink: PreviewSink, path: str = "/", **headers: str) -> tuple[int, bytes]:
    host, port = sink.url.removeprefix("http://").rstrip("/").rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_page_is_self_contained(sink: PreviewSink) -> None:
    with urllib.request.urlopen(sink.url, timeout=5) as answer:  # noqa: S310  loopback
        html = answer.read().decode()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert '"ACTOR": "anna"' in html
    assert "/*LOOK*/" not in html
    outside = html.replace("http://www.w3.org/2000/svg", "")  # the icon's namespace: a name, not a request
    assert "http:" not in outside
    assert "https:" not in outside
    assert "src=" not in html
    assert 'role="status"' in html


def test_actor_cannot_break_out_of_the_script() -> None:
    sink = PreviewSink("preview://", "127.0.0.1:0", {}, "</script><b>")
    try:
        assert b"</script><b>" not in ask(sink)[1]
    finally:
        sink.close()


def test_events_carry_the_frame(sink: PreviewSink) -> None:
    with urllib.request.urlopen(sink.url + "frames", timeout=5) as stream:  # noqa: S310  loopback
        assert stream.headers.get_content_type() == "text/event-stream"
        browsers(sink, 1)
        sink.send(frame(7, gap=1.0))
        got = next(events(stream))
    assert got["n"] == 7
    assert got["t"] == pytest.approx(0.15)
    assert got["latency"] == pytest.approx(0.1234)
    np.testing.assert_allclose(
        np.reshape(got["landmarks"], (68, 3)), frame(7, gap=1.0).cues.landmarks, atol=6e-4
    )
    assert (got["gaze"], got["rotation"], got["translation"]) == ([0] * 4, [0, 0, 0, 1], [0] * 3)
    assert got["emotion"][EMOTIONS.index("neutral")] == 1
    assert got["top"][0] == ["jawOpen", 0.75]
    assert len(event(frame(7))) < 3000
    assert sink.status().sent == 1


def test_two_browsers_and_a_late_one_see_the_latest(sink: PreviewSink) -> None:
    with urllib.request.urlopen(sink.url + "frames", timeout=5) as a:  # noqa: S310  loopback
        with urllib.request.urlopen(sink.url + "frames", timeout=5) as b:  # noqa: S310  loopback
            browsers(sink, 2)
            sink.send(frame(1))
            assert [next(events(a))["n"], next(events(b))["n"]] == [1, 1]
            with urllib.request.urlopen(sink.url + "frames", timeout=5) as late:  # noqa: S310  loopback
                assert next(events(late))["n"] == 1
        for n in range(2, 200):  # until the two that left are noticed
            sink.send(frame(n))
            time.sleep(0.005)
            if " · 1 browser" in sink.status().detail:
                break
    browsers(sink, 0)
    assert sink.status().errors == 0


def test_a_browser_that_reads_nothing_stalls_nobody(sink: PreviewSink) -> None:
    host, port = sink.url.removeprefix("http://").rstrip("/").split(":")
    deaf = socket.create_connection((host, int(port)))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.sendall(f"GET /frames HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
    with deaf, urllib.request.urlopen(sink.url + "frames", timeout=5) as stream:  # noqa: S310  loopback
        browsers(sink, 2)
        numbers: list[int] = []
        reader = threading.Thread(target=lambda: numbers.extend(e["n"] for e in events(stream)), daemon=True)
        reader.start()
        slowest = 0.0
        for n in range(400):
            start = time.perf_counter()
            sink.send(frame(n))
            slowest = max(slowest, time.perf_counter() - start)
            time.sleep(0.003)
        assert slowest < 0.5
        wait_for(lambda: numbers[-1:] == [399])
        assert numbers == sorted(set(numbers))
        assert len(numbers) > 50
        sink.close()
        reader.join(5)
        assert not reader.is_alive()


def test_frames_nobody_watches_are_no_drops(sink: PreviewSink) -> None:
    for n in range(20):
        sink.send(frame(n))
    status = sink.status()
    assert (status.sent, status.dropped, status.errors) == (0, 0, 0)
    assert sink.url in status.detail
    assert "0 browsers" in status.detail


def test_a_frame_that_json_cannot_hold_is_counted(sink: PreviewSink) -> None:
    broken = frame(0)
    landmarks = broken.cues.landmarks.copy()
    landmarks[5, 1] = np.inf
    sink.send(RigFrame(broken.cues.with_(landmarks=landmarks), broken.weights, 0.0))
    assert sink.status().errors == 1
    with urllib.request.urlopen(sink.url + "frames", timeout=5) as stream:  # noqa: S310  loopback
        browsers(sink, 1)
        sink.send(frame(3))
        assert next(events(stream))["n"] == 3


@pytest.mark.parametrize("path", ["/", "/frames"])
def test_foreign_names_and_pages_are_refused(sink: PreviewSink, path: str) -> None:
    port = sink.url.rstrip("/").rsplit(":", 1)[1]
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "",
        f"127.0.0.1.evil:{port}",
    ):
        assert ask(sink, path, Host=host)[0] == 403
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{port}", f"http://localhost:{port}"):
        assert ask(sink, path, Origin=origin)[0] == 403  # also localhost: it is not the host that was asked
    assert sink.status().detail.endswith("0 browsers")


def test_own_names_are_let_in(sink: PreviewSink) -> None:
    port = sink.url.rstrip("/").rsplit(":", 1)[1]
    for host in (f"localhost:{port}", f"LOCALHOST:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert ask(sink, Host=host)[0] == 200
        assert ask(sink, Host=host, Origin=f"http://{host}")[0] == 200
    assert ask(sink, "/nothing")[0] == 404


def test_close_ends_threads_and_frees_the_port(sink: PreviewSink) -> None:
    before = {t for t in threading.enumerate() if t.name == "preview"}
    streams = [urllib.request.urlopen(sink.url + "frames", timeout=5) for _ in range(3)]  # noqa: S310
    browsers(sink, 3)
    assert {t for t in threading.enumerate() if t.name == "preview"} > before
    start = time.perf_counter()
    sink.close()
    sink.close()
    assert time.perf_counter() - start < 2
    assert not [t for t in threading.enumerate() if t.name == "preview"]
    for stream in streams:
        assert list(events(stream)) == []
        stream.close()
    again = open_sink(sink.url.replace("http", "preview").rstrip("/"))
    again.close()


def test_addresses(sink: PreviewSink) -> None:
    taken = sink.url.replace("http", "preview").rstrip("/")
    with pytest.raises(SinkError, match="choose another port"):
        open_sink(taken)
    with pytest.raises(SinkError, match=r"public=1"):
        open_sink("preview://0.0.0.0:0")
    with pytest.raises(SinkError, match="unknown option 'colour'"):
        open_sink("preview://127.0.0.1:0?colour=red")
    with pytest.raises(SinkError, match="one address"):
        open_sink("preview://127.0.0.1:0,127.0.0.1:1")
    public = open_sink("preview://0.0.0.0:0?public=1")
    try:
        assert isinstance(public, PreviewSink)
        port = public.url.rstrip("/").rsplit(":", 1)[1]
        local = PreviewSink.__new__(PreviewSink)
        local.url = f"http://127.0.0.1:{port}/"
        assert ask(local, Host="my-streaming-box:1")[0] == 200
        assert ask(local, Host="my-streaming-box:1", Origin="http://evil.example")[0] == 403
    finally:
        public.close()


def test_garbage_and_too_many_connections_end_nothing(sink: PreviewSink) -> None:
    host, port = sink.url.removeprefix("http://").rstrip("/").split(":")
    for line in (
        b"\x00\xff\x13\r\n\r\n",
        b"GET / HTTP/9.9.9\r\n\r\n",
        b"POST / HTTP/1.0\r\n\r\n",
        b"G" * 70_000,
    ):
        with socket.create_connection((host, int(port)), timeout=5) as peer:
            peer.sendall(line)
            peer.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):  # it may hang up before it has read all of it
                assert b"200" not in peer.recv(64)
    idle = [socket.create_connection((host, int(port)), timeout=5) for _ in range(40)]
    time.sleep(0.2)
    assert sum(t.name == "preview" for t in threading.enumerate()) <= 33
    for peer in idle:
        peer.close()
    wait_for(lambda: sum(t.name == "preview" for t in threading.enumerate()) == 1)
    assert ask(sink)[0] == 200
