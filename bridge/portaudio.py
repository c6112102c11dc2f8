"""The sound card: devices by number or name, and streams that hand numpy blocks to a callback.

The one room that imports sounddevice, and only when a device is asked for. PortAudio lists the devices once,
when it starts: to see one that was plugged in later it must be restarted, which ends every open stream. So
whoever plays (`Holder`) lends its stream back for that moment, and while another microphone is open it is not
done.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from bridge.frames import Floats

Kind = Literal["input", "output"]
Deliver = Callable[[Floats, float, bool], None]
"""(frames (N, channels), perf_counter at which the last was heard, whether input was lost before)."""
Fill = Callable[[int, float, bool], Floats]
"""(N, perf_counter at which the first will be heard, whether the card ran dry before) → (N,) samples."""

MAX_NATIVE_CHANNELS = 8  # virtual devices offer 32 or more and fill two: opened as stereo
BLOCKS_A_SECOND = 100
OUTPUT_LATENCY_S = 0.04  # it is part of the monitor's delay, and less of it crackles behind a sound server
BELIEVED_S = 0.4  # more than this is no report but a mistake
SETTLED_S = 2.0  # sound servers report 0.2 to 0.7 s in the first second or so of a stream, and then correct themselves
_PREFERRED_HOSTS = ("WASAPI", "Core Audio", "JACK")  # of the several listings of one device, the quickest
_INSTALL = {
    "win32": "pip install --force-reinstall sounddevice (its Windows wheel brings PortAudio)",
    "darwin": "pip install --force-reinstall sounddevice (its macOS wheel brings PortAudio)",
}


class DeviceError(ValueError):
    """The sound card cannot be used; one line for people."""


@dataclass(frozen=True)
class Device:
    """One way in or out, as PortAudio lists it."""

    number: int
    name: str
    host: str
    channels: int
    rate_hz: int
    is_default: bool


@dataclass(frozen=True)
class Stream:
    """An open stream."""

    name: str
    rate_hz: int
    channels: int
    close: Callable[[], None]
    """Ends it; may take a moment when the device is gone."""


class Holder(Protocol):
    """Whoever has an output stream open and can do without it for a moment."""

    def suspend(self) -> None:
        """Closes the stream."""

    def resume(self) -> None:
        """Opens it again; a failure is counted, not raised."""


_lock = threading.RLock()  # opening, closing and restarting exclude each other
_holders: list[Holder] = []
_inputs_open = 0


def sounddevice() -> Any:
    """The sounddevice module.

    Raises:
        DeviceError: if it or the PortAudio library is missing; says what to install here.
    """
    try:
        import sounddevice as module
    except OSError as error:
        way_out = _INSTALL.get(sys.platform, "apt install libportaudio2, or dnf install portaudio")
        raise DeviceError(f"no sound card can be used: {error}; {way_out}") from error
    except ImportError as error:
        raise DeviceError(f"no sound card can be used: {error}; pip install sounddevice") from error
    return module


def devices(kind: Kind) -> list[Device]:
    """All devices with an input or an output.

    Raises:
        DeviceError: if PortAudio is missing.
    """
    sd = sounddevice()
    with _lock:
        hosts = sd.query_hostapis()
        default = sd.default.device[0 if kind == "input" else 1]
        return [
            Device(
                number=int(d["index"]),
                name=" ".join(str(d["name"]).split()),
                host=str(hosts[d["hostapi"]]["name"]),
                channels=int(d[f"max_{kind}_channels"]),
                rate_hz=round(d["default_samplerate"]),
                is_default=int(d["index"]) == default,
            )
            for d in sd.query_devices()
            if d[f"max_{kind}_channels"] > 0
        ]


def find(kind: Kind, wanted: str) -> Device:
    """The device by number or by case-insensitive part of its name; the default one for "".

    Raises:
        DeviceError: if there is none; lists those there are.
    """
    known = devices(kind)
    listing = "; ".join(f"{d.number}: {d.name}" for d in known)
    if not known:
        raise DeviceError(f"there is no {kind} device; plug one in, or see `facecue doctor`")
    if not wanted:
        defaults = [d for d in known if d.is_default]
        if not defaults:
            raise DeviceError(f"there is no default {kind} device; name one of: {listing}")
        return defaults[0]
    fits = [d for d in known if str(d.number) == wanted] or [
        d for d in known if wanted.lower() in d.name.lower()
    ]
    if not fits:
        raise DeviceError(f"no {kind} device is called {wanted!r}; there are: {listing}")

    def rank(device: Device) -> tuple[bool, bool]:
        return device.name.lower() != wanted.lower(), not any(h in device.host for h in _PREFERRED_HOSTS)

    return min(fits, key=rank)


def open_input(wanted: str, deliver: Deliver, ended: Callable[[], None]) -> Stream:
    """Listens to a device at its own rate and channel count, in blocks of about 10 ms.

    Args:
        wanted: see `find`.
        deliver: called on PortAudio's thread with a copy of each block; must not wait.
        ended: called when the stream ends by itself or by `close`.

    Raises:
        DeviceError: if it cannot be opened.
    """
    global _inputs_open  # PortAudio is one per process, and so is this count

    settled_at: float | None = None

    def heard(indata: Floats, frames: int, times: Any, status: Any) -> None:
        nonlocal settled_at
        now = time.perf_counter()
        settled_at = now + SETTLED_S if settled_at is None else settled_at
        age = times.currentTime - times.inputBufferAdcTime  # of the first sample; some hosts leave it 0
        believed = now >= settled_at and 0.0 < age < BELIEVED_S
        late = age - frames / device.rate_hz if believed else 0.0
        deliver(indata.copy(), now - max(0.0, late), bool(status.input_overflow))

    with _lock:
        sd, device = sounddevice(), find("input", wanted)
        channels = device.channels if device.channels <= MAX_NATIVE_CHANNELS else 2
        close = _start(sd, sd.InputStream, device, channels, "low", heard, ended)
        _inputs_open += 1

    def close_input() -> None:
        global _inputs_open
        with _lock:
            close()
            _inputs_open -= 1

    return Stream(device.name, device.rate_hz, channels, close_input)


def open_output(wanted: str, fill: Fill, ended: Callable[[], None]) -> Stream:
    """Plays to a device at its own rate, the same on one or two channels, in blocks of about 10 ms.

    Args:
        wanted: see `find`.
        fill: called on PortAudio's thread; must not wait.
        ended: called when the stream ends by itself or by `close`.

    Raises:
        DeviceError: if it cannot be opened.
    """

    def wanted_now(outdata: Floats, frames: int, times: Any, status: Any) -> None:
        ahead = times.outputBufferDacTime - times.currentTime  # some hosts leave it 0
        plays_at = time.perf_counter() + (ahead if 0.0 < ahead < BELIEVED_S else 0.0)
        outdata[:] = fill(frames, plays_at, bool(status.output_underflow))[:, None]

    with _lock:
        sd, device = sounddevice(), find("output", wanted)
        close = _start(
            sd, sd.OutputStream, device, min(2, device.channels), OUTPUT_LATENCY_S, wanted_now, ended
        )
    return Stream(device.name, device.rate_hz, min(2, device.channels), close)


def lend(holder: Holder) -> None:
    """Notes that `holder` has an output stream open."""
    with _lock:
        _holders.append(holder)


def take_back(holder: Holder) -> None:
    """Forgets `holder`."""
    with _lock:
        if holder in _holders:
            _holders.remove(holder)


def look_again() -> bool:
    """Restarts PortAudio so that devices plugged in since are seen; False if an input is open elsewhere."""
    sd = sounddevice()
    with _lock:
        if _inputs_open:
            return False
        for holder in _holders:
            holder.suspend()
        try:
            sd._terminate()
            sd._initialize()
        except sd.PortAudioError as error:
            raise DeviceError(f"PortAudio does not start again: {error}") from error
        for holder in _holders:
            holder.resume()
    return True


def _start(
    sd: Any,
    kind: Any,
    device: Device,
    channels: int,
    latency: float | str,
    callback: Any,
    ended: Callable[[], None],
) -> Callable[[], None]:
    """Opens and starts a stream, returns what closes it."""
    try:
        stream = kind(
            device=device.number,
            channels=channels,
            samplerate=device.rate_hz,
            blocksize=device.rate_hz // BLOCKS_A_SECOND,
            dtype=np.float32,
            latency=latency,
            callback=callback,
            finished_callback=ended,
        )
    except sd.PortAudioError as error:
        raise DeviceError(
            f"{device.name} cannot be opened: {_line(error)}; is another program using it?"
        ) from error
    try:
        stream.start()
    except sd.PortAudioError as error:
        stream.close(ignore_errors=True)
        raise DeviceError(f"{device.name} does not start: {_line(error)}") from error

    def close() -> None:
        stream.abort(ignore_errors=True)
        stream.close(ignore_errors=True)

    return close


def _line(error: Exception) -> str:
    return " ".join(str(error.args[0] if error.args else error).split())
