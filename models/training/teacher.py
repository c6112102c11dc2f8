"""A mouth for voices without a camera: `python -m models.training.teacher --data DIR --whisper DIR -o runs/lessons`.

Two bidirectional LSTMs read Whisper's states over whole clips, one those of its second layer, one those of its
last, and learn the displacement of filmed talk (GRID and `talk`). Whisper has heard thousands of voices, so this
mouth holds for strangers. It then says what the mouths of voices without a camera would do; where their phones are
known to the millisecond, `models.articulation` puts the critical ones right. All of it, with Whisper's last states,
becomes the lessons of the streaming networks (`models.data.lessons`). Never shipped, not causal.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bridge import landmarks as face
from bridge.frames import RATE_HZ, Floats
from models import articulation
from models import basis as pca
from models.data import corpus, dubbing, lessons
from models.data.corpus import Clip
from models.data.lessons import Lesson
from models.data.phones import Phone, read_phones
from models.data.tracks import AUDIO_SUFFIXES, grid_folders, read_audio, speech_mask
from models.data.whisper import WhisperEncoder
from models.losses import DisplacementLoss
from models.training import results

COMPONENTS = 32
STATES = 384
LAYERS = (2, 4)
"""Whisper's layers that a teacher reads; the last one's states are also what the streaming encoder learns."""
FRAMES = 150
DUB_SILENCE_S = 0.5
"""Put around a dubbing voice: a mouth opens before it speaks, and rests after."""
DUBS_KEPT = 0.9
LENT_SHARE = 0.6
"""A teacher's word counts less than a camera's."""


class Teacher(nn.Module):
    """Encoder states (B, T, 384) → displacement (B, T, 68, 3)."""

    basis: Tensor

    def __init__(self, basis: Floats, width: int = 160) -> None:
        super().__init__()
        self.inward = nn.Sequential(
            nn.LayerNorm(STATES), nn.Linear(STATES, width), nn.GELU(), nn.Dropout(0.2)
        )
        self.lstm = nn.LSTM(width, width, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2)
        self.outward = nn.Linear(2 * width, len(basis))
        self.register_buffer("basis", torch.from_numpy(basis))

    def forward(self, states: Tensor) -> Tensor:
        """See the class."""
        hidden, _ = self.lstm(self.inward(states))
        out: Tensor = (self.outward(hidden) @ self.basis).unflatten(-1, (face.COUNT, 3))
        return out


def batches(
    clips: list[Clip], key: str, rng: np.random.Generator, size: int
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """One epoch: random windows, padded where a clip is shorter."""
    # a long clip is cut into as many windows as it holds; talk is scarce and counts double
    order = [c for c in clips for _ in range(max(1, c.frames // FRAMES) * (2 if c.group == "talk" else 1))]
    rng.shuffle(order)
    size = min(size, len(order))
    for i in range(0, len(order) - size + 1, size):
        x = np.zeros((size, FRAMES, STATES), np.float32)
        y = np.zeros((size, FRAMES, face.COUNT, 3), np.float32)
        m = np.zeros((size, FRAMES), np.float32)
        for row, clip in enumerate(order[i : i + size]):
            assert clip.displacement is not None  # noqa: S101  narrows the types
            assert clip.tracked is not None  # noqa: S101
            start = int(rng.integers(0, max(1, clip.frames - FRAMES + 1)))
            part = slice(start, start + FRAMES)
            n = len(clip.displacement[part])
            x[row, :n] = clip.extras[key][part]
            y[row, :n] = clip.displacement[part]
            m[row, :n] = clip.tracked[part]
            if rng.random() < 0.5:
                y[row] = face.mirrored(y[row])
        yield torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(m)


def correlation(model: Teacher, clips: list[Clip], key: str) -> float:
    """Mean lip-gap r at lag 0 over clips."""
    scores = []
    neutral = face.neutral_face()
    model.eval()
    with torch.no_grad():
        for clip in clips:
            assert clip.displacement is not None  # noqa: S101
            out = model(torch.from_numpy(clip.extras[key].astype(np.float32))[None])[0].numpy()
            a, b = face.lip_gap(out + neutral), face.lip_gap(clip.displacement + neutral)
            scores.append(float(np.corrcoef(a, b)[0, 1]))
    model.train()
    return float(np.mean(scores))


def taught(clips: list[Clip], val: list[Clip], key: str, epochs: int, seed: int, out: Path) -> Teacher:
    """One teacher; from `out` if it was trained before."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    tracked = np.concatenate([c.displacement[c.tracked][::4] for c in clips if c.displacement is not None])
    model = Teacher(pca.fit(tracked, COMPONENTS))
    if out.exists():
        model.load_state_dict(torch.load(out, weights_only=True))
        return model
    loss_of = DisplacementLoss()
    steps = sum(1 for _ in batches(clips, key, np.random.default_rng(seed), 32))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=epochs * steps + 1)
    started = time.monotonic()
    for epoch in range(epochs):
        total = 0.0
        for x, y, mask in batches(clips, key, rng, 32):
            loss = loss_of(model(x + 0.02 * x.std() * torch.randn_like(x)), y, mask)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        score = correlation(model, val, key)
        print(f"{key}: epoch {epoch + 1}/{epochs} loss {total / steps:.4f} val gap r {score:.3f} "
              f"({time.monotonic() - started:.0f} s)", flush=True)  # fmt: skip
    results.write(out, model.state_dict())
    return model


def heard(clips: list[Clip], encoder: WhisperEncoder) -> None:
    """Adds Whisper's states to clips, 16-bit."""
    for clip in clips:
        for layer, states in zip(LAYERS, encoder.states(clip.samples, LAYERS), strict=True):
            clip.extras[f"layer {layer}"] = states.astype(np.float16)


def recordings(data: Path, group: str, most: int) -> Iterator[tuple[str, Path, Path]]:
    """(name, sound, where its `.phones` would lie) of an untracked group; at most `most` recordings a speaker."""
    if group == "ravdess":
        for path in sorted((data / "ravdess_speech").glob("actor_*/*")):
            if path.suffix in AUDIO_SUFFIXES and path.parent.name not in corpus.HELD_OUT_ACTORS:
                phones = data / "phones" / "ravdess" / path.parent.name / f"{path.stem}.phones"
                yield f"{path.parent.name}__{path.stem}", path, phones
        return
    speakers: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(p for p in (data / group).glob("*") if p.suffix in AUDIO_SUFFIXES):
        speakers[path.stem.rsplit("_", 1)[0]].append(path)
    for paths in speakers.values():
        for path in paths[:: -(-len(paths) // most)]:
            yield path.stem, path, path.with_suffix(".phones")


def filmed_phones(data: Path, clips: list[Clip]) -> Iterator[tuple[Lesson, list[Phone]]]:
    """GRID's clips whose phones were aligned."""
    for clip in clips:
        path = data / "phones" / "grid" / f"{clip.name}.phones"
        if clip.group == "grid" and path.exists():
            yield filmed_lesson(clip), read_phones(path)


def filmed_lesson(clip: Clip) -> Lesson:
    """A clip with a camera."""
    assert clip.displacement is not None  # noqa: S101  narrows the types
    assert clip.tracked is not None  # noqa: S101
    states = clip.extras[f"layer {LAYERS[-1]}"]
    share = clip.tracked.astype(np.float32)
    return Lesson(clip.name, clip.group, clip.mel, states, clip.displacement, share, clip.motion)


def spoken_frames(clip: Clip) -> tuple[int, int]:
    """First frame with speech, and one past the last."""
    at = np.flatnonzero(speech_mask(clip.samples, clip.frames))
    return (int(at[0]), int(at[-1]) + 1) if at.size else (0, clip.frames)


def dubbed_clips(data: Path, films: list[Clip], encoder: WhisperEncoder) -> Iterator[Clip]:
    """Voices that say what was filmed (`models.training.voices --films`), each with the film's mouth in its time."""
    filmed = {clip.name: clip for clip in films}
    key = f"layer {LAYERS[-1]}"
    around = np.zeros(round(DUB_SILENCE_S * RATE_HZ), np.float32)
    found = []
    for path in sorted(p for p in (data / "dubbed").glob("*") if p.suffix in AUDIO_SUFFIXES):
        film = filmed.get(path.stem.split("_")[0])
        if film is None or film.displacement is None or film.tracked is None:
            continue
        samples = np.concatenate([around, read_audio(path), around])
        clip = corpus.clip_from(path, "dubbed", samples, None, None)
        heard([clip], encoder)
        try:
            times, distance = dubbing.film_times(
                clip.extras[key], film.extras[key], spoken_frames(clip), spoken_frames(film)
            )
        except ValueError:  # one is over three times as long: a voice that spells or stammers
            continue
        clip.displacement = dubbing.at_frames(film.displacement, times)
        seen = (times > -0.5) & (times < film.frames - 0.5)
        clip.tracked = seen & film.tracked[np.clip(times.round().astype(int), 0, film.frames - 1)]
        found.append((distance, clip))
    # what was badly aligned was badly spoken, too
    found.sort(key=lambda pair: pair[0])
    yield from (clip for _, clip in found[: round(DUBS_KEPT * len(found))])


def lent_lessons(
    data: Path, group: str, most: int, encoder: WhisperEncoder, teachers: list[Teacher],
    knowledge: articulation.Articulation | None,
) -> Iterator[Lesson]:  # fmt: skip
    """Lessons of a group without a camera."""
    for number, (name, path, phones) in enumerate(recordings(data, group, most)):
        clip = corpus.clip_from(path, group, read_audio(path)[: 20 * 16000], None, None)
        heard([clip], encoder)
        with torch.inference_mode():
            said = [
                teacher(torch.from_numpy(clip.extras[f"layer {layer}"].astype(np.float32))[None])[0].numpy()
                for layer, teacher in zip(LAYERS, teachers, strict=True)
            ]
        mouth: Floats = np.mean(said, axis=0)
        if knowledge is not None and phones.exists():
            mouth = articulation.articulated(mouth, read_phones(phones), knowledge)
        share = np.full(len(mouth), LENT_SHARE, np.float32)
        yield Lesson(name, group, clip.mel, clip.extras[f"layer {LAYERS[-1]}"], mouth, share)
        if number % 200 == 199:
            print(f"{group}: {number + 1} clips", flush=True)


def main() -> None:
    """Trains both teachers, then writes the lessons of every group that is there and not yet written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--whisper", type=Path, required=True, help="CTranslate2 folder of Whisper tiny.en")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/lessons"))
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--most", type=int, default=90, help="recordings a speaker, where nobody was filmed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="0: as torch likes")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    rng = np.random.default_rng(args.seed)
    (args.out / "val").mkdir(parents=True, exist_ok=True)
    encoder = WhisperEncoder.load(args.whisper)
    train = [
        *(clip for folder in grid_folders(args.data) for clip in corpus.paired(folder, "grid")),
        *corpus.paired(args.data / "talk", "talk"),
        *corpus.acted(args.data),
    ]
    if not train:
        parser.error(
            f"{args.data} holds no tracks with sound in grid_s1/train, talk or mead_motion, cremad_motion, "
            "ravdess_motion: nothing to learn a mouth from; python -m models.data.track makes them of videos"
        )
    val = [clip for folder in grid_folders(args.data, "val") for clip in corpus.paired(folder, "grid")]
    val = val or [*corpus.acted(args.data, held_out=True)]
    # the same sentences 15 % slower and 20 % faster: two more throats from one
    train += [
        corpus.speed_changed(c, f) for c in train for f in (rng.uniform(0.8, 0.92), rng.uniform(1.1, 1.25))
    ]
    started = time.monotonic()
    heard([*train, *val], encoder)
    print(f"heard {len(train)} + {len(val)} clips in {time.monotonic() - started:.0f} s", flush=True)
    train += dubbed_clips(args.data, [c for c in train if c.group == "grid"], encoder)
    for group in sorted({c.group for c in train}):
        lessons.save(args.out / f"{group}.npz", (filmed_lesson(c) for c in train if c.group == group))
    for group in sorted({c.group for c in val}) or ["grid"]:
        lessons.save(args.out / "val" / f"{group}.npz", (filmed_lesson(c) for c in val if c.group == group))
    keys = [f"layer {layer}" for layer in LAYERS]
    teachers = [
        taught(
            train, val, key, args.epochs, args.seed, args.out / f"teacher_{key.replace(' ', '_')}.pt"
        ).eval()
        for key in keys
    ]
    knowledge = None
    if (args.data / "phones" / "grid").is_dir():
        knowledge = articulation.learn(filmed_phones(args.data, train))
    for group in ("ravdess", "tts", "prompts"):
        path = args.out / f"{group}.npz"
        if not path.exists():
            count = lessons.save(
                path, lent_lessons(args.data, group, args.most, encoder, teachers, knowledge)
            )
            print(f"{path}: {count} clips", flush=True)


if __name__ == "__main__":
    main()
