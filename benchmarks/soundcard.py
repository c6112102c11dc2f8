"""A sound card for a machine that has none: a PulseAudio server of its own with null sinks.

What is played into the sink `voice` comes out of its monitor, which is the default microphone (`mic://pulse`).
What `--monitor pulse` plays goes to another sink, `speaker`. Server, player and listener are programs of their
own, as they are for a user.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.frames import RATE_HZ, Floats
from bridge.resample import Resampler

PROGRAMS = ("pulseaudio", "pactl", "pacat")
DEVICE_RATE_HZ = 48_000
START_S = 10.0
_DEFAULT_PA = """\
load-module module-native-protocol-unix auth-anonymous=1 socket={home}/native
load-module module-null-sink sink_name=voice rate={rate}
load-module module-null-sink sink_name=speaker rate={rate}
set-default-sink speaker
set-default-source voice.monitor
"""


class NoSoundCard(Exception):  # noqa: N818  what is missing, not what went wrong
    """PulseAudio is not there or does not start; one line with the way out."""


@contextmanager
def sound_card() -> Iterator[dict[str, str]]:
    """A running server; gives the environment in which programs find it.

    Raises:
        NoSoundCard: if it cannot be had.
    """
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise NoSoundCard(
            f"{', '.join(missing)} not found, and this is measured on a PulseAudio null sink; "
            "apt-get install libportaudio2 pulseaudio pulseaudio-utils libasound2-plugins"
        )
    with tempfile.TemporaryDirectory(prefix="facecue-sound-") as folder:
        home = Path(folder)
        (home / "default.pa").write_text(_DEFAULT_PA.format(home=home, rate=DEVICE_RATE_HZ))
        command = ["pulseaudio", "-n", f"--file={home}/default.pa", "--daemonize=no"]
        command += ["--exit-idle-time=-1", "--use-pid-file=no"]
        environment = os.environ | {"PULSE_SERVER": f"unix:{home}/native"}
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(
                command, stdout=log, stderr=log, env=os.environ | {"XDG_RUNTIME_DIR": folder, "HOME": folder}
            )
        try:
            until = time.perf_counter() + START_S
            while subprocess.run(["pactl", "info"], env=environment, capture_output=True).returncode:
                if time.perf_counter() > until or server.poll() is not None:
                    raise NoSoundCard(f"PulseAudio does not start: {(home / 'log').read_text()[-300:]}")
                time.sleep(0.05)
            yield environment
        finally:
            server.kill()
            server.wait()


@contextmanager
def playing(
    environment: dict[str, str], voice: Floats, *, loop: bool, latency_ms: int = 20
) -> Iterator[None]:
    """Plays (N,) 16 kHz into the sink from now on, once or over and over, without a gap."""
    command = ["pacat", "--playback", "--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1"]
    player = subprocess.Popen(
        [*command, "--device=voice", f"--latency-msec={latency_ms}"], stdin=subprocess.PIPE, env=environment
    )
    data = (np.clip(voice, -1, 1) * 32767).astype("<i2").tobytes()

    def feed() -> None:
        assert player.stdin is not None  # noqa: S101  asked for above
        try:
            while True:
                player.stdin.write(data)  # waits while the player has enough
                if not loop:
                    player.stdin.close()
                    return
        except (BrokenPipeError, ValueError):  # the player was ended
            return

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    try:
        yield
    finally:
        player.kill()
        player.wait()
        feeder.join(2.0)


class Listener:
    """An independent listener at the monitor of a sink: what was heard, and when."""

    def __init__(self, environment: dict[str, str], sink: str, latency_ms: int = 20) -> None:
        command = ["pacat", "--record", "--raw", "--format=s16le", f"--rate={DEVICE_RATE_HZ}", "--channels=1"]
        self._recorder = subprocess.Popen(
            [*command, f"--device={sink}.monitor", f"--latency-msec={latency_ms}"],
            stdout=subprocess.PIPE, env=environment, bufsize=0,
        )  # fmt: skip
        self._pieces: list[bytes] = []
        self._begins: list[float] = []  # when sample 0 was heard, as each piece tells
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._recorder.stdout is not None  # noqa: S101  asked for above
        size = 0
        while piece := self._recorder.stdout.read(1 << 16):
            now = time.perf_counter()
            self._pieces.append(piece)
            size += len(piece)
            self._begins.append(now - size / 2 / DEVICE_RATE_HZ)

    def stop(self) -> Recording:
        """Ends it.

        A sample counts as heard when the quickest of all pieces would have brought it: a piece can only be
        late, never early. So what the device and the server gather before they hand it on is in the latency
        that is measured against this.
        """
        self._recorder.kill()
        self._recorder.wait()
        self._thread.join(2.0)
        samples = np.frombuffer(b"".join(self._pieces), "<i2").astype(np.float32) / 32768
        settled = self._begins[len(self._begins) // 10 :]  # a server's first second is rough
        mono = Resampler(DEVICE_RATE_HZ, 1, live=False)
        return Recording(np.concatenate([mono(samples), mono.flush()]), min(settled))


@dataclass(frozen=True)
class Recording:
    """What a listener heard."""

    samples: Floats
    """(N,) at 16 kHz."""
    begun_at: float
    """`time.perf_counter()` at which the first was heard."""

    def find(self, voice: Floats, first: int = 0, last: int | None = None) -> tuple[float, float]:
        """When (N,) `voice` began, and how well it fits (1 = exactly); looks among samples first..last."""
        heard = self.samples[first : None if last is None else last + voice.size]
        size = 1 << (heard.size + voice.size).bit_length()
        cross = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(voice, size)), size)
        at = int(cross[: max(1, heard.size - voice.size + 1)].argmax())
        part = heard[at : at + voice.size]
        norm = float(np.linalg.norm(part) * np.linalg.norm(voice[: part.size]))
        fit = float(part @ voice[: part.size]) / norm if norm else 0.0
        return self.begun_at + (first + at) / RATE_HZ, fit
