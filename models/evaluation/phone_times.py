"""Do `.phones` files tell the truth? `python -m models.evaluation.phone_times --phones DIR/tts`.

Two things are seen in any sound: lips that close for p, b, m leave a dip of energy, and s, sh, z leave hiss above
4 kHz. Phones are slid along their recordings; the lag at which the dip is deepest and the hiss loudest is how late the
sound is against the file (positive: the sound comes after its label). For each engine (`NAME__ENGINE_VOICE`) or folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bridge.frames import RATE_HZ, Floats
from models.data.phones import CLASSES, Phone, read_phones
from models.data.tracks import AUDIO_SUFFIXES, read_audio

STEP = 80  # samples: 5 ms
LAGS = np.arange(-16, 17)  # steps: farther off, the neighbours' dips are found
SIBILANTS = ("S", "SH", "Z", "ZH")


def levels(samples: Floats) -> tuple[Floats, Floats]:
    """(K,) decibels every 5 ms: of 200 Hz to 4 kHz, and of what lies above 4 kHz; 12 ms windows around k · 5 ms."""
    window = np.hanning(192).astype(np.float32)
    padded = np.pad(samples, (96, 96))
    frames = np.lib.stride_tricks.sliding_window_view(padded, 192)[::STEP] * window
    power = np.abs(np.fft.rfft(frames, 256)) ** 2
    cut = 256 * 4000 // RATE_HZ
    voice, hiss = power[:, 3:cut].sum(1), power[:, cut:].sum(1)
    return 10 * np.log10(voice + 1e-6), 10 * np.log10(hiss + 1e-6)


def curve(level: Floats, phones: Sequence[Phone], names: tuple[str, ...]) -> np.ndarray | None:
    """(lags,) mean level within the phones named, at every lag; only phones between two others that sound."""
    spans = [
        (phone.start_s, phone.end_s)
        for before, phone, after in zip(phones, phones[1:], phones[2:], strict=False)
        if phone.name in names
        and "SIL" not in (before.name, after.name)
        and not {before.name, after.name} & set(names)
    ]
    if not spans:
        return None
    edges = np.round(np.array(spans) * RATE_HZ / STEP).astype(int)
    total = np.concatenate([[0.0], np.cumsum(level)])
    means = []
    for low, high in edges:
        low, high = np.clip(low + LAGS, 0, level.size - 1), np.clip(max(high, low + 1) + LAGS, 1, level.size)
        means.append((total[high] - total[low]) / (high - low))
    return np.mean(means, axis=0) if means else None


def lag_ms(curves: Sequence[np.ndarray], sign: int) -> float:
    """Milliseconds at which the mean curve is highest (`sign` 1) or lowest (−1), by a parabola through three points."""
    mean = sign * np.mean(curves, axis=0)
    at = int(np.clip(mean.argmax(), 1, mean.size - 2))
    left, top, right = mean[at - 1 : at + 2]
    bend = left - 2 * top + right
    return float((LAGS[at] + (0.5 * (left - right) / bend if bend < 0 else 0.0)) * 1000 * STEP / RATE_HZ)


def figures(pairs: Sequence[tuple[str, Path, Path]]) -> dict[str, dict[str, float]]:
    """(group, recording, phones) → figures of each group.

    Files; lags of the lips' closure and of the hiss in ms; quartiles of the former file by file; the dip in dB.
    """
    groups: dict[str, tuple[list[np.ndarray], list[np.ndarray]]] = {}
    for group, sound, beside in pairs:
        closed, hissed = groups.setdefault(group, ([], []))
        voice, hiss = levels(read_audio(sound))
        phones = read_phones(beside)
        for kind, level, names in ((closed, voice, CLASSES["bilabial"]), (hissed, hiss, SIBILANTS)):
            found = curve(level, phones, names)
            if found is not None:
                kind.append(found)
    table = {}
    for group, (closed, hissed) in sorted(groups.items()):
        if not closed or not hissed:
            continue
        each = np.percentile([lag_ms([one], -1) for one in closed], [25, 50, 75])
        mean = np.mean(closed, axis=0)
        table[group] = {
            "files": len(closed), "lips_ms": lag_ms(closed, -1), "hiss_ms": lag_ms(hissed, 1),
            "q25_ms": each[0], "median_ms": each[1], "q75_ms": each[2], "dip_db": float(np.median(mean) - mean.min()),
        }  # fmt: skip
    return table


def pairs_of(phones: Path, sound: Sequence[Path]) -> list[tuple[str, Path, Path]]:
    """(group, recording, phones) out of trees, by file name: the group is the engine or the first folder."""
    recordings = {
        path.stem: path for tree in sound for path in tree.rglob("*") if path.suffix in AUDIO_SUFFIXES
    }
    pairs = []
    for path in sorted(phones.rglob("*.phones")):
        said_by = path.stem.partition("__")[2].split("_")[0]
        if path.stem in recordings:
            pairs.append((said_by or path.relative_to(phones).parts[0], recordings[path.stem], path))
    return pairs


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phones", type=Path, required=True, help="folder of .phones files")
    parser.add_argument(
        "--sound", type=Path, nargs="+", help="folders of their recordings, where they are others"
    )
    parser.add_argument("--limit", type=int, default=2000, help="files at most, evenly chosen")
    args = parser.parse_args()
    pairs = pairs_of(args.phones, args.sound or [args.phones])
    pairs = pairs[:: max(1, -(-len(pairs) // args.limit))]
    print(f"{'':12}  files  lips  hiss   lips file by file: quartiles    dip")
    for group, row in figures(pairs).items():
        print(
            f"{group:12} {row['files']:6.0f} {row['lips_ms']:+5.0f} {row['hiss_ms']:+5.0f}   "
            f"{row['q25_ms']:+5.0f} {row['median_ms']:+5.0f} {row['q75_ms']:+5.0f} ms          {row['dip_db']:5.1f} dB"
        )


if __name__ == "__main__":
    main()
