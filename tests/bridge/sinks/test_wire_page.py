"""docs/wire.md is true: its readers run as they are printed, its order of weights is ours."""

from __future__ import annotations

import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import pytest

from bridge.frames import ARKIT, EMOTIONS, RigFrame
from bridge.sinks import Sink, open_sink
from bridge.sinks.zeromq import ZeroMqSink

PAGE = (Path(__file__).parents[3] / "docs" / "wire.md").read_text(encoding="utf-8")
ZMQ_READER, _CURVE_LINES, OSC_READER = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def first_line() -> Iterator[Callable[[str, Sink, RigFrame], str]]:
    """Runs a reader of the page while frames are sent, and gives the first line it prints."""
    processes: list[subprocess.Popen[str]] = []

    def run(code: str, sink: Sink, frame: RigFrame) -> str:
        process = subprocess.Popen([sys.executable, "-uc", code], stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout is not None
        lines: Queue[str] = Queue()
        stdout = process.stdout
        threading.Thread(target=lambda: lines.put(stdout.readline())).start()
        until = time.perf_counter() + 20
        while time.perf_counter() < until:
            sink.send(frame)
            try:
                return lines.get(timeout=0.02)
            except queue.Empty:
                continue
        raise AssertionError("the reader printed nothing in 20 s")

    yield run
    for process in processes:
        assert process.stdout is not None
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_zeromq_reader(first_line: Callable[[str, Sink, RigFrame], str], frame: RigFrame) -> None:
    sink = open_sink("zmq://127.0.0.1:0")
    assert isinstance(sink, ZeroMqSink)
    line = first_line(ZMQ_READER.replace("tcp://127.0.0.1:5556", sink.endpoints[0]), sink, frame)
    sink.close()
    assert line.startswith(f"{frame.cues.n} chin [")
    assert line.endswith(f"jawOpen {frame.weights[24]}\n")


def test_the_osc_reader(
    first_line: Callable[[str, Sink, RigFrame], str], frame: RigFrame, absent_port: int
) -> None:
    sink = open_sink(f"osc://127.0.0.1:{absent_port}")
    line = first_line(OSC_READER.replace("9000", str(absent_port)), sink, frame)
    sink.close()
    assert line == f"{frame.cues.n} jawOpen {frame.weights[24]}\n"


def test_the_orders() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$", PAGE, re.MULTILINE)
    assert [int(row[0]) for row in rows] == list(range(0, 52, 4))
    assert tuple(name for row in rows for name in row[1:]) == ARKIT
    assert f"probabilities: {', '.join(EMOTIONS)} |" in PAGE
