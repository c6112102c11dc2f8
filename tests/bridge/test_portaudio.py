import builtins
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bridge import portaudio
from bridge.portaudio import DeviceError, find

LISTED = [
    {"name": "Built-in Mic", "hostapi": 0, "max_input_channels": 1, "max_output_channels": 0},
    {"name": "USB  Headset\nMicrophone", "hostapi": 0, "max_input_channels": 2, "max_output_channels": 2},
    {"name": "USB Headset", "hostapi": 1, "max_input_channels": 2, "max_output_channels": 0},
    {"name": "Speakers", "hostapi": 0, "max_input_channels": 0, "max_output_channels": 8},
]


class NoSuchError(Exception):
    pass


def pretend(monkeypatch: pytest.MonkeyPatch, listed: list[dict[str, Any]], default: tuple[int, int]) -> None:
    rows = [row | {"index": i, "default_samplerate": 44100.0} for i, row in enumerate(listed)]
    module = SimpleNamespace(
        query_devices=lambda: rows,
        query_hostapis=lambda: [{"name": "MME"}, {"name": "Windows WASAPI"}],
        default=SimpleNamespace(device=default),
        PortAudioError=NoSuchError,
    )
    monkeypatch.setattr(portaudio, "sounddevice", lambda: module)


def test_devices_are_found_by_number_by_part_of_their_name_and_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend(monkeypatch, LISTED, (0, 3))
    assert find("input", "").name == "Built-in Mic"
    assert find("output", "").name == "Speakers"
    assert find("input", "1").name == "USB Headset Microphone"
    assert find("input", "built").number == 0
    assert find("input", "usb headset").number == 2  # the whole name, before a part of one
    assert find("input", "headset").number == 2  # and the quicker host
    assert [d.number for d in portaudio.devices("output")] == [1, 3]


def test_an_unknown_name_lists_the_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, LISTED, (-1, -1))
    with pytest.raises(
        DeviceError, match="no input device is called 'Røde'; there are: 0: Built-in Mic; 1: USB"
    ):
        find("input", "Røde")
    with pytest.raises(DeviceError, match="no input device is called '3'"):
        find("input", "3")  # the number of an output
    with pytest.raises(DeviceError, match="no default input device; name one of: 0: Built-in Mic"):
        find("input", "")


def test_no_device_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, [], (-1, -1))
    with pytest.raises(DeviceError, match="there is no input device; plug one in"):
        find("input", "")


@pytest.mark.parametrize(
    ("platform", "way_out"),
    [("linux", "apt install libportaudio2"), ("darwin", "pip install"), ("win32", "pip install")],
)
def test_no_portaudio_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, platform: str, way_out: str
) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return imported(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(portaudio.sys, "platform", platform)
    with pytest.raises(DeviceError, match=f"PortAudio library not found; .*{way_out}"):
        portaudio.sounddevice()


def test_a_microphone_without_portaudio_is_one_line_of_error() -> None:
    program = """
import sys
sys.modules["sounddevice"] = None
from bridge.sources import SourceError, open_source
try:
    open_source("mic://")
except SourceError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert "no sound card can be used" in done.stdout
    assert done.stdout.count("\n") == 1


def test_a_stated_age_is_believed_once_the_stream_has_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound server says at first that a block is 0.2 s old; a microphone behind it was heard no earlier."""
    pretend(monkeypatch, LISTED, (0, 3))
    opened: dict[str, Any] = {}

    class InputStream:
        def __init__(self, **wanted: Any) -> None:
            opened.update(wanted)

        def start(self) -> None: ...
        def abort(self, *, ignore_errors: bool) -> None: ...
        def close(self, *, ignore_errors: bool) -> None: ...

    portaudio.sounddevice().InputStream = InputStream
    now = 100.0
    monkeypatch.setattr(portaudio.time, "perf_counter", lambda: now)
    heard: list[tuple[float, bool]] = []
    stream = portaudio.open_input("", lambda _, at, lost: heard.append((at, lost)), lambda: None)

    def block(age_s: float, lost: bool = False) -> tuple[float, bool]:
        times = SimpleNamespace(currentTime=50.0, inputBufferAdcTime=50.0 - age_s)
        opened["callback"](np.zeros((441, 1), np.float32), 441, times, SimpleNamespace(input_overflow=lost))
        return heard[-1]

    try:
        assert block(0.23) == (100.0, False)  # the first block: what it says of its age is a mistake
        now = 101.9
        assert block(0.23) == (101.9, False)
        now = 102.1
        assert block(0.04, lost=True) == (pytest.approx(102.07), True)  # 10 ms of it are the block itself
        assert block(0.0) == (102.1, False)  # hosts that state nothing
        assert block(0.7) == (102.1, False)
    finally:
        stream.close()
