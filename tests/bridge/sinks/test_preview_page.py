"""The preview's page in a real Chromium: the same face as the picture's, and it moves."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bridge.frames import ARKIT, RigFrame, rest_cues
from bridge.landmarks import GAP_LOWER, neutral_face
from bridge.sinks import open_sink
from bridge.sinks.preview import PreviewSink
from bridge.takes.drawing import draw_face


def frame(n: int, *, gap: float = 0.0, turn: float = 0.0, gaze: float = 0.0, smile: float = 0.0) -> RigFrame:
    landmarks = neutral_face().copy()
    landmarks[[55, 56, 57, 58, 59, *GAP_LOWER]] -= np.float32([0, gap, 0])
    landmarks[[48, 54, 60, 64], 1] += smile
    weights = np.zeros(52, np.float32)
    weights[ARKIT.index("jawOpen")] = 0.75
    cues = rest_cues(n, landmarks).with_(
        gaze=np.full((2, 2), gaze, np.float32),
        head_rotation=np.float32([0, np.sin(turn / 2), 0, np.cos(turn / 2)]),
    )
    return RigFrame(cues, weights, 0.1234)


@pytest.fixture
def sink() -> Iterator[PreviewSink]:
    opened = open_sink("preview://127.0.0.1:0", actor="anna")
    assert isinstance(opened, PreviewSink)
    yield opened
    opened.close()


def wait_for(what: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.perf_counter() + seconds
    while not what():
        assert time.perf_counter() < end, "it did not happen in time"
        time.sleep(0.02)


def browsers(sink: PreviewSink, count: int) -> None:
    wait_for(lambda: f" · {count} browser" in sink.status().detail)


CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip


@pytest.fixture
def tab() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        pytest.skip("no Chromium on the path")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=binary, args=CHROMIUM_FLAGS)
        yield browser.new_page(viewport={"width": 900, "height": 640})
        browser.close()


def face_in(tab: Any) -> Image.Image:
    shot = Image.open(io.BytesIO(tab.locator("#face").screenshot(omit_background=True)))
    return shot.convert("RGB").resize((256, 256), Image.Resampling.LANCZOS)


def settle(tab: Any, n: int) -> None:
    """Waits until frame `n` has come, is the one drawn, and the page has faded in."""
    shown = f"frames.length && frames.at(-1).n === {n} && drawn === frames.at(-1)"
    faded = "getComputedStyle(document.querySelector('#face')).opacity === '1'"
    # not wait_for_function: the page's own policy forbids eval, and it stays in force here
    wait_for(lambda: tab.evaluate(f"{shown} && document.body.dataset.state !== 'waiting' && {faded}"), 15)


@pytest.mark.chromium
def test_chromium_draws_the_same_face_and_the_mouth_moves(sink: PreviewSink, tab: Any) -> None:
    faults: list[str] = []
    asked: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(sink.url)
    browsers(sink, 1)
    assert tab.text_content("#actor") == "anna"
    pictures = []
    for shown in (frame(1), frame(2, gap=2.0), frame(3, gap=0.6, turn=0.25, gaze=0.3), frame(4, smile=0.6)):
        sink.send(shown)
        settle(tab, shown.cues.n)
        pictures.append(face_in(tab))
        drawn = draw_face(shown.cues, size=256).convert("RGB")
        inner = np.s_[24:232, 24:232]
        apart = np.abs(np.asarray(drawn, float)[inner] - np.asarray(pictures[-1], float)[inner]).mean()
        assert apart < 4, f"frame {shown.cues.n}: page and picture differ by {apart:.1f} of 255"
    change = np.abs(np.asarray(pictures[0], float) - np.asarray(pictures[1], float)).max(2)
    assert change[165:225, 90:166].mean() > 15
    assert change[:120].max() < 12
    wait_for(lambda: tab.text_content("#latency") == "123 ms")
    assert "jawOpen" in tab.text_content("#weights")
    assert faults == []
    assert all(url.startswith((sink.url, "data:")) for url in asked)


@pytest.mark.chromium
def test_chromium_waits_for_a_lost_server_and_goes_on(sink: PreviewSink, tab: Any) -> None:
    tab.goto(sink.url)
    browsers(sink, 1)
    sink.send(frame(500))
    settle(tab, 500)
    address = sink.url.replace("http", "preview").rstrip("/")
    sink.close()
    wait_for(lambda: tab.text_content("#state") == "waiting for facecue")
    again = open_sink(address)
    try:
        assert isinstance(again, PreviewSink)
        browsers(again, 1)
        again.send(frame(3))
        settle(tab, 3)
    finally:
        again.close()
