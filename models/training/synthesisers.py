"""Engines that turn text into speech and say when each phone is spoken: flite, MBROLA, Festival and Pico.

Each is a `models.training.spoken.Engine`. Times are the engine's own, exact where it makes sound from durations; Pico
does not tell them. All come with Debian or a distribution like it and are called as programs.
"""

from __future__ import annotations

import io
import random
import re
import shutil
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path

import numpy as np
import soundfile

from bridge.frames import Floats
from models.data.alphabets import FESTIVAL, RADIO, SAMPA, TRILLS
from models.training.spoken import Spoken, phones_of

FESTIVAL_VOICES = {
    "en": ("kal_diphone", "ked_diphone", "rab_diphone", "don_diphone", "cmu_us_slt_arctic_hts"),
    "it": ("lp_diphone", "pc_diphone"),
    "es": ("el_diphone",),
    "cs": ("czech_dita", "czech_krb", "czech_machac", "czech_ph"),
    "fi": ("suo_fi_lj_diphone", "hy_fi_mv_diphone"),
}
PICO_ACCENTS = {
    "en": ("en-US", "en-GB"),
    "de": ("de-DE",),
    "es": ("es-ES",),
    "fr": ("fr-FR",),
    "it": ("it-IT",),
}
MBROLA_LATE_S = {"us3": 0.035}
"""Voices whose sound runs behind their durations, as measured (`models.evaluation.phone_times`)."""
NOT_TRILLED = ("en", "us", "de", "nl", "sw", "fr", "ca")
"""MBROLA voices, by their first letters, whose `r` is not the tip of the tongue's."""


def _run(command: list[str], stdin: bytes = b"") -> str:
    done = subprocess.run(command, input=stdin, check=True, capture_output=True)  # noqa: S603
    return done.stdout.decode("utf-8", "replace")


def _read(path: Path) -> tuple[Floats, int]:
    samples, rate = soundfile.read(io.BytesIO(path.read_bytes()), dtype="float32", always_2d=True)
    return np.asarray(samples.mean(axis=1), np.float32), rate


class Flite:
    """Four diphone and clustergen voices, American and Scottish."""

    name = "flite"

    def missing(self) -> str:
        """Empty, or the package."""
        return "" if shutil.which("flite") else "flite"

    def voices(self, language: str) -> list[str]:
        """English alone."""
        return ["slt", "rms", "awb", "kal16"] if language == "en" else []

    def say(self, voice: str, text: str, rng: random.Random) -> Spoken:
        """Durations from `-psdur`: phone and end time."""
        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder, "a.wav")
            stretch = f"duration_stretch={rng.uniform(0.85, 1.25):.2f}"
            listed = _run(["flite", "-voice", voice, "--setf", stretch, "-psdur", "-t", text, "-o", str(wav)])
            samples, rate = _read(wav)
        timed, clock = [], 0.0
        for phone, end in re.findall(r"(\S+):([\d.]+)", listed):
            timed.append((clock, float(end), phone))
            clock = float(end)
        return Spoken(samples, rate, phones_of(timed, RADIO))


class Mbrola:
    """Diphone voices of some thirty languages; espeak-ng writes the phones, MBROLA speaks them exactly so."""

    name = "mbrola"

    def missing(self) -> str:
        """Empty, or the packages."""
        return "" if shutil.which("mbrola") and self._table else "mbrola mbrola-us1 … (Debian non-free)"

    @cached_property
    def _table(self) -> dict[str, list[str]]:
        """Language → espeak-ng's MBROLA voices whose data are there, foreigners who speak English included."""
        table: dict[str, list[str]] = {}
        for line in _run(["espeak-ng", "--voices=mb"]).splitlines()[1:]:
            language, file = line.split()[1], line.split()[4].removeprefix("mb/mb-")
            if Path("/usr/share/mbrola", file[:3], file[:3]).exists() and not file.endswith("grc"):
                table.setdefault(language.split("-")[0], []).append(file)
        return table

    def voices(self, language: str) -> list[str]:
        """Whoever is installed."""
        return self._table.get(language, [])

    def say(self, voice: str, text: str, rng: random.Random) -> Spoken:
        """`voice` is espeak-ng's name without `mb-`: `us1`, or `de2-en` for the German who speaks English."""
        data = Path("/usr/share/mbrola", voice[:3], voice[:3])
        with tempfile.TemporaryDirectory() as folder:
            pho, wav = Path(folder, "a.pho"), Path(folder, "a.wav")
            speed, pitch = str(rng.randint(125, 190)), str(rng.randint(35, 65))
            prosody = ["-s", speed, "-p", pitch, "--pho", "--phonout", str(pho)]
            _run(["espeak-ng", "-q", "-v", f"mb-{voice}", *prosody, text])
            throat = [] if rng.random() < 0.5 else ["-l", str(int(16000 * rng.uniform(0.88, 1.14)))]
            _run(["mbrola", "-e", *throat, str(data), str(pho), str(wav)])
            samples, rate = _read(wav)
            lines = [line.split() for line in pho.read_text("utf-8", "replace").splitlines() if line.strip()]
        timed, clock = [], 0.0
        for symbol, milliseconds, *_ in (line for line in lines if line[0] != ";" and len(line) > 1):
            seconds = float(milliseconds) / 1000
            timed.append((clock, clock + seconds, symbol))
            clock += seconds
        late = MBROLA_LATE_S.get(voice[:3], 0.0)
        timed = [(start + late, end + late, symbol) for start, end, symbol in timed]
        english = voice.endswith("-en") or voice[:2] in NOT_TRILLED
        exact = abs(clock - samples.size / rate) < 0.03  # a diphone that is not there shortens the sound
        table = SAMPA if english else {**SAMPA, **TRILLS}
        return Spoken(samples, rate, phones_of(timed, table) if exact else None)


class Festival:
    """Diphone, HTS and unit-selection voices: English with times, Italian, Spanish, Czech, Finnish without."""

    name = "festival"

    def missing(self) -> str:
        """Empty, or the packages."""
        here = shutil.which("festival") and self._present
        return "" if here else "festival festvox-kallpc16k festvox-italp16k …"

    @cached_property
    def _present(self) -> set[str]:
        return set(re.findall(r"\w+", _run(["festival", "--pipe"], b"(print (voice.list))")))

    def voices(self, language: str) -> list[str]:
        """Whoever is installed."""
        return [voice for voice in FESTIVAL_VOICES.get(language, ()) if voice in self._present]

    def say(self, voice: str, text: str, rng: random.Random) -> Spoken:
        """Segment ends as Festival saves them."""
        with tempfile.TemporaryDirectory() as folder:
            wav, ends = Path(folder, "a.wav"), Path(folder, "a.seg")
            quoted = text.replace("\\", "").replace('"', "")
            scheme = (
                f"(voice_{voice}) (Parameter.set 'Duration_Stretch {rng.uniform(0.85, 1.2):.2f}) "
                f'(set! u (utt.synth (Utterance Text "{quoted}"))) '
                f'(utt.save.wave u "{wav}") (utt.save.segs u "{ends}")'
            )
            encoding = "iso-8859-2" if voice.startswith("czech") else "latin-1"
            _run(["festival", "--pipe"], scheme.encode(encoding, "replace"))
            samples, rate = _read(wav)
            rows = re.findall(r"^\s*([\d.]+)\s+\d+\s+(\S+)", ends.read_text("latin-1"), re.MULTILINE)
        timed, clock = [], 0.0
        for end, symbol in rows:
            timed.append((clock, float(end), symbol))
            clock = float(end)
        if voice not in FESTIVAL_VOICES["en"]:
            return Spoken(samples, rate, None)
        return Spoken(samples, rate, phones_of(timed, FESTIVAL if voice[:3] in ("rab", "don") else RADIO))


class Pico:
    """SVOX Pico, one woman for each of six accents; it does not tell times."""

    name = "pico"

    def missing(self) -> str:
        """Empty, or the package."""
        return "" if shutil.which("pico2wave") else "libttspico-utils (Debian non-free)"

    def voices(self, language: str) -> list[str]:
        """One accent, two for English."""
        return list(PICO_ACCENTS.get(language, ()))

    def say(self, voice: str, text: str, rng: random.Random) -> Spoken:
        """Pitch and speed by Pico's own markup."""
        marked = f'<pitch level="{rng.randint(70, 125)}"><speed level="{rng.randint(85, 125)}">{text}</speed></pitch>'
        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder, "a.wav")
            _run(["pico2wave", "-l", voice, "-w", str(wav), marked])
            samples, rate = _read(wav)
        return Spoken(samples, rate, None)
