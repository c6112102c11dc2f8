import subprocess
import sys

import pytest

from bridge.sources import SourceError, open_source


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("take.wav", r"'take.wav' has no scheme; write it as in file://take.wav"),
        ("", "has no scheme"),
        ("rtsp://camera", r"unknown source 'rtsp'; known: mic://, file://, demo://, tcp://"),
        ("demo://hello", "demo:// takes no name"),
        ("demo://?lop=1", "unknown option 'lop'; known: loop"),
        ("demo://?loop=maybe", "loop=maybe is neither yes nor no"),
        ("tcp://127.0.0.1", "no port in"),
        ("tcp://127.0.0.1:http", "port 'http' is not a number"),
        ("tcp://127.0.0.1:99999", "port 99999 is outside"),
        ("tcp://0.0.0.0:0", "other machines.*token_file=FILE"),
        ("tcp://127.0.0.1:0?buffer_s=1e9", "buffer_s=1e9 is not a number from 0.1 to 600"),
        ("tcp://127.0.0.1:0?buffer_s=nan", "buffer_s=nan is not a number"),
        ("tcp://127.0.0.1:0,127.0.0.1:0", "one address, not 2"),
        ("tcp://127.0.0.1:0?buffer_s=1&buffer_s=1", "given twice"),
        ("tcp://127.0.0.1:0?public=1", "unknown option .public.; known: token_file, buffer_s"),
    ],
)
def test_a_uri_that_cannot_be_used_says_why_in_one_line(uri: str, says: str) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        open_source(uri)
    assert "\n" not in str(caught.value)


def test_a_scheme_is_known_in_capitals_too() -> None:
    assert open_source("DEMO://", realtime=False).uri == "demo://"


def test_the_sound_card_is_left_alone_until_asked_for() -> None:
    program = (
        "import sys; from bridge.sources import open_source; open_source('demo://');"
        "assert 'sounddevice' not in sys.modules and 'bridge.portaudio' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
