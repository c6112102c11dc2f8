"""Fixtures shared by the rooms: a PulseAudio server of our own, for tests marked `pulse`."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

_DEFAULT_PA = """\
load-module module-native-protocol-unix auth-anonymous=1 socket={home}/native
load-module module-null-sink sink_name=voice rate=48000
set-default-sink voice
set-default-source voice.monitor
"""


class Pulse:
    """A server with a null sink `voice`, whose monitor is the default microphone (`mic://pulse`)."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="facecue-pulse-"))
        (self.home / "default.pa").write_text(_DEFAULT_PA.format(home=self.home))
        self.server = f"unix:{self.home}/native"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the server; False in `running` if it did not come up."""
        command = ["pulseaudio", "-n", f"--file={self.home}/default.pa", "--daemonize=no"]
        command += ["--exit-idle-time=-1", "--use-pid-file=no"]
        with (self.home / "log").open("ab") as log:
            env = os.environ | {"XDG_RUNTIME_DIR": str(self.home), "HOME": str(self.home)}
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
        for _ in range(100):
            if self.running:
                return
            time.sleep(0.05)

    @property
    def running(self) -> bool:
        return self.pactl("info").returncode == 0

    def stop(self) -> None:
        """Kills the server, as a crash would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
            (self.home / "native").unlink(missing_ok=True)

    def pactl(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["pactl", "-s", self.server, *arguments], capture_output=True, text=True, check=False, timeout=10
        )

    def play(self, samples: np.ndarray, rate: int) -> "subprocess.Popen[bytes]":
        """Plays (N,) samples into the null sink; returns at once."""
        path = self.home / "played.wav"
        soundfile.write(path, samples, rate, subtype="PCM_16")
        return subprocess.Popen(["paplay", "-s", self.server, str(path)])


@pytest.fixture
def pulse(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulse]:
    """A fresh server for one test; PortAudio sees it as the devices `pulse` and `default`."""
    for program in ("pulseaudio", "pactl", "paplay"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install pulseaudio pulseaudio-utils")
    from bridge import portaudio

    try:
        portaudio.sounddevice()
    except portaudio.DeviceError as error:
        pytest.skip(str(error))
    server = Pulse()
    server.start()
    if not server.running:
        pytest.skip(f"PulseAudio does not start here; see {server.home}/log")
    monkeypatch.setenv("PULSE_SERVER", server.server)
    try:
        portaudio.look_again()
        if not any("pulse" in device.name for device in portaudio.devices("input")):
            pytest.skip("ALSA does not know PulseAudio here: apt-get install libasound2-plugins")
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.home, ignore_errors=True)
