from __future__ import annotations

import subprocess
import sys

import pytest

from bridge.frames import RigFrame
from bridge.sinks import SCHEMES, SinkError, open_sink


def test_unknown_scheme_lists_the_known() -> None:
    with pytest.raises(SinkError) as caught:
        open_sink("oscc://127.0.0.1:9000")
    for scheme in SCHEMES:
        assert f"{scheme}://" in str(caught.value)


@pytest.mark.parametrize("scheme", ["osc", "vmc", "zmq", "zmq+connect"])
def test_unknown_option_names_it(scheme: str) -> None:
    with pytest.raises(SinkError, match=r"unknown option 'colour'; known: "):
        open_sink(f"{scheme}://127.0.0.1:9000?colour=red")


def test_null_counts(frame: RigFrame) -> None:
    sink = open_sink("null://")
    sink.send(frame)
    sink.send(frame)
    assert sink.status().sent == 2
    sink.close()
    sink.close()
    with pytest.raises(SinkError, match="no address"):
        open_sink("null://127.0.0.1:1")


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_libraries_are_imported_when_asked_for() -> None:
    out = run(
        "import sys, bridge.sinks as s; s.open_sink('null://'); a = 'zmq' in sys.modules;"
        "s.open_sink('osc://127.0.0.1:9000').close(); b = 'zmq' in sys.modules;"
        "s.open_sink('zmq://127.0.0.1:0').close(); print(a, b, 'zmq' in sys.modules)"
    )
    assert out.split() == ["False", "False", "True"]


def test_missing_library_says_what_to_install() -> None:
    out = run(
        "import sys; sys.modules['msgpack'] = None\n"
        "from bridge.sinks import SinkError, open_sink\n"
        "try: open_sink('zmq://127.0.0.1:0')\n"
        "except SinkError as error: print(error)"
    )
    assert "zmq:// needs the package msgpack; install it with pip" in out
