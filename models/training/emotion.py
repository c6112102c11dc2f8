"""Trains the emotion of the voice: `python -m models.training.emotion --data DIR --whisper DIR -o runs/emotion`.

Emotional speech of RAVDESS (four actors held out), CREMA-D or MEAD, each clip also in other throats; GRID's commands
stand for neutral talk from another room, and sounds without a voice for no emotion at all. The ears are Whisper's and
stay as they are: on so few actors, letting them learn made strangers worse. Only what reads them is trained, on
moments of every clip, so that its embedding tells emotions apart and, by `models.training.crossing`, carries them from
sentence to sentence. Contempt is in none but MEAD: without, smoothing of the labels is all it gets, and the card
says so.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bridge.features import BINS, SILENCE
from bridge.frames import EMOTIONS, NEUTRAL, Floats
from models.data import corpus
from models.data.augment import augment, noise_only
from models.data.corpus import Clip
from models.data.throat import other_throat
from models.data.whisper import WhisperEncoder
from models.data.windows import pairs_of
from models.emotion import BELOW, SOFTNESS, Emotion, EmotionConfig, Pool
from models.speech_encoder import WIDTH
from models.training import moved, results
from models.training.crossing import Crossing, line_of, probe
from models.training.start import from_whisper

THROATS = ((0.85, 0.93), (1.18, 1.07), (1.0, 1.12), (1.0, 0.9))
"""Pitch and formants of the copies of every clip."""
FROM, EVERY = 64, 12
"""Frames that must have been heard before a clip teaches, and from then on how often; and at its end."""
SPLICES = 0.5
"""Changes of emotion in the middle of speech (two clips of one throat, one after the other) for every clip."""
TURNED = (26, 38, 50, 64)
"""Frames after a change at which the new emotion is to be heard."""
CROSSING = 1.0
"""How much cross-reconstruction counts beside classification."""
ROOMS = 0.3
"""Strength of rooms, microphones and noise; every second clip is also heard so."""
GRID_EVERY, GRID_SHARE = 8, 0.05
HUSHES = 200
"""Sounds without a voice."""
MIXING = 0.3
"""Beta of mixing two voices and their labels (mixup, Zhang et al. 2018)."""
UNEVEN = 0.3
"""Noise on what the classifier sees, in standard deviations."""


@dataclass(frozen=True, eq=False)
class Heard:
    """What the classifier sees of many moments."""

    seen: Tensor
    """(N, 1536)."""
    label: Tensor
    """(N,)."""


def in_other_throats(samples: Floats) -> list[Floats]:
    """The recording as other people would have said it."""
    return [other_throat(samples, pitch, formants) for pitch, formants in THROATS]


def flushed(mel: Tensor, steps: int) -> Tensor:
    """(1, K, 80) → pairs, with `steps` of silence to let late states out."""
    pairs = pairs_of(mel, 1)
    return torch.cat([pairs, torch.full((1, steps, 2 * BINS), float(mel.min()))], dim=1)


@torch.no_grad()
def moments(model: Emotion, mel: Floats, *, rooms: bool) -> Tensor:
    """(M, 1536) what the classifier sees at some moments of one clip."""
    given = torch.from_numpy(mel)[None]
    if rooms:
        given = augment(given, ROOMS)
    frames = len(mel) // 2
    pooled, _ = model.pooled(pairs_of(given, 1), model.initial_state(1))
    last = min(frames, pooled.shape[1]) - 1
    return pooled[0, [*range(FROM, last, EVERY), last]]


@torch.no_grad()
def standardise(model: Emotion, clips: list[Clip]) -> None:
    """Sets each pool's average voice, and the centre and scale of what it gives."""
    for pool in model.pools:
        assert isinstance(pool, Pool)  # noqa: S101  nn.ModuleList forgets the type
    sums = [torch.zeros(0, 384)] * len(model.pools)
    for clip in clips:
        pairs = flushed(torch.from_numpy(clip.mel)[None], 16)
        given, _ = model.encoder.layer_states(pairs, model.initial_state(1))
        mean = pairs[0].mean(1)
        loud = mean > mean.max() - BELOW + SOFTNESS
        for i, (pool, x) in enumerate(zip(model.pools, given, strict=True)):
            late = x[0, int(pool.delay) :]  # type: ignore[arg-type]
            sums[i] = torch.cat([sums[i], late[loud[: len(late)]]])
    for pool, states in zip(model.pools, sums, strict=True):
        pool.mean.copy_(states.mean(0))  # type: ignore[operator]
        pool.square.copy_(states.square().mean(0))  # type: ignore[operator]
    found = torch.cat([moments(model, clip.mel, rooms=False) for clip in clips])
    width = found.shape[1] // len(model.pools)
    for pool, part in zip(model.pools, torch.split(found, width, dim=1), strict=True):
        pool.centre.copy_(part.mean(0))  # type: ignore[operator]
        pool.scale.copy_(part.std(0) + 1e-3)  # type: ignore[operator]


@torch.no_grad()
def spoken(model: Emotion, clip: Clip) -> Floats:
    """(2·T, 80) features of a clip from its first loud frame to its last."""
    weight, _ = model.loudness(pairs_of(torch.from_numpy(clip.mel)[None], 1), model.initial_state(1))
    # the loudest frame counts, so that there is one
    on = np.flatnonzero(weight[0, :, 0].numpy() > 0.5)
    out: Floats = clip.mel[2 * on[0] : 2 * (on[-1] + 1)]
    return out


@torch.no_grad()
def turns(model: Emotion, clips: list[Clip], labels: list[int], groups: list[str], seed: int) -> Heard:
    """Moments soon after the emotion changed, between clips of one group, so that what was is forgotten."""
    rng = np.random.default_rng(seed)
    members = {name: [i for i, group in enumerate(groups) if group == name] for name in sorted(set(groups))}
    names, label = list(members), []
    seen = [torch.zeros(0, 2 * WIDTH * len(model.pools))]
    for n in range(round(SPLICES * len(clips))):
        one, other = (int(i) for i in rng.choice(members[names[n % len(names)]], 2))
        if labels[one] == labels[other]:
            continue
        before, after = spoken(model, clips[one]), spoken(model, clips[other])
        mel = torch.from_numpy(np.concatenate([before, after]))[None]
        pooled, _ = model.pooled(pairs_of(mel, 1), model.initial_state(1))
        at = [len(before) // 2 + m for m in TURNED if len(before) // 2 + m < pooled.shape[1]]
        seen.append(pooled[0, at])
        label += [labels[other]] * len(at)
    return Heard(torch.cat(seen), torch.tensor(label, dtype=torch.long))


def listen(model: Emotion, clips: list[Clip], labels: list[int], *, rooms: bool) -> Heard:
    """All moments of all clips; with `rooms`, through rooms and microphones."""
    seen, label = [torch.zeros(0, 2 * WIDTH * len(model.pools))], []
    for clip, given in zip(clips, labels, strict=True):
        found = moments(model, clip.mel, rooms=rooms)
        seen.append(found)
        label += [given] * len(found)
    return Heard(torch.cat(seen), torch.tensor(label, dtype=torch.long))


def train(
    model: Emotion, heard: Heard, odds: Tensor, steps: int, batch: int, seed: int, crossing: Crossing | None
) -> None:
    """Trains memories, encoder and classifier on moments drawn by `odds` (N,), and by cross-reconstruction."""
    rng = np.random.default_rng(seed)
    reading = nn.ModuleList([model.memory, model.encode, model.outward])
    learning = [*reading.parameters(), *(() if crossing is None else crossing.parameters())]
    optimizer = torch.optim.AdamW(learning, lr=2e-3, weight_decay=0.5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps + 1)
    target = nn.functional.one_hot(heard.label, len(EMOTIONS)).float() * 0.9 + 0.1 / len(EMOTIONS)
    reading.train()
    for _ in range(steps):
        one = torch.multinomial(odds, batch, replacement=True)
        other = one[torch.randperm(batch)]
        share = torch.from_numpy(rng.beta(MIXING, MIXING, (batch, 1)).astype(np.float32))
        seen = share * heard.seen[one] + (1 - share) * heard.seen[other]
        seen = seen + UNEVEN * torch.randn_like(seen)
        wanted = share * target[one] + (1 - share) * target[other]
        loss = nn.functional.cross_entropy(model.outward(model.embed(seen)), wanted)
        if crossing is not None:
            loss = loss + CROSSING * crossing(model.embed)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    reading.eval()


@torch.no_grad()
def embedded(model: Emotion, clips: list[Clip], names: list[str]) -> tuple[Tensor, Tensor]:
    """(N, E) at the end of each clip, and (N,) which sentence of `names` it says."""
    found = torch.cat([model.embed(moments(model, clip.mel, rooms=False)[-1:]) for clip in clips])
    return found, torch.tensor([names.index(corpus.line_of(clip.name)[1]) for clip in clips])


@torch.no_grad()
def accuracy(model: Emotion, clips: list[Clip], after: int | None = None) -> tuple[float, np.ndarray]:
    """Unweighted accuracy at the end of each clip, or `after` frames in, and the confusion matrix."""
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    present = sorted({clip.emotion for clip in clips})
    for clip in clips:
        logits, _ = model(pairs_of(torch.from_numpy(clip.mel)[None], 1), model.initial_state(1))
        tail = logits[0, :after, : len(EMOTIONS)][-25:].softmax(-1).mean(0)[present]
        confusion[clip.emotion, present[int(tail.argmax())]] += 1
    recall = confusion.diagonal()[present] / confusion.sum(1)[present]
    return float(recall.mean()), confusion


def main() -> None:
    """Trains and writes `emotion.pt`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--whisper", type=Path, required=True, help="folder with Whisper tiny.en's model.bin")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes that make other throats")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=("clip", "person"),
                        help="what is held out; default: each corpus's own rule (models.data.splits)")  # fmt: skip
    parser.add_argument("--without", choices=("memory", "crossing"), action="append", default=[],
                        help="leave a part out, to see what it is worth; again for the other")  # fmt: skip
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    started = time.monotonic()
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        acted = list(corpus.emotional(args.data, held_out=False, by=args.split))
        judged = list(corpus.emotional(args.data, held_out=True, by=args.split))
        plain = list(corpus.plain(args.data, GRID_EVERY))
    except (FileNotFoundError, ModuleNotFoundError, ValueError) as error:
        parser.error(str(error))
    if not acted:
        parser.error(f"{args.data} holds no emotional speech to train on")
    config = EmotionConfig(slots=0) if "memory" in args.without else EmotionConfig()
    model = Emotion(config).eval()
    some = [clip.samples for clip in (*acted[:: max(1, len(acted) // 24)], *plain[::16])]
    start = from_whisper(WhisperEncoder.load(args.whisper), config.encoder, some)
    model.encoder.load_state_dict(start.state_dict())
    standardise(model, acted[:: max(1, len(acted) // 200)])
    print(
        f"{len(acted)} acted clips, {len(plain)} plain ones ({time.monotonic() - started:.0f} s)", flush=True
    )
    crossing = None
    if "crossing" not in args.without:
        try:
            crossing = Crossing(
                [line_of(model, c, moments(model, c.mel, rooms=False)) for c in acted],
                config.embedding,
                args.seed,
            )
        except ValueError as error:
            parser.error(str(error))
        print(f"{len(crossing.tuples)} four-tuples ({time.monotonic() - started:.0f} s)", flush=True)
    with ProcessPoolExecutor(args.jobs) as pool:
        copies = list(pool.map(in_other_throats, [clip.samples for clip in acted], chunksize=8))
    clips, labels = list(acted), [clip.emotion for clip in acted]
    groups = [f"{corpus.line_of(clip.name)[0]}~" for clip in acted]
    for clip, others in zip(acted, copies, strict=True):
        for i, samples in enumerate(others):
            clips.append(Clip(f"{clip.name}~{i}", clip.group, samples, corpus.features_of(samples)))
            labels.append(clip.emotion)
            groups.append(f"{corpus.line_of(clip.name)[0]}~{i}")
    print(f"{len(clips)} in other throats too ({time.monotonic() - started:.0f} s)", flush=True)
    parts = [
        listen(model, clips, labels, rooms=False),
        listen(model, clips[::2], labels[::2], rooms=True),
        turns(model, clips, labels, groups, args.seed),
        listen(model, plain, [NEUTRAL] * len(plain), rooms=True),
    ]
    hush = torch.cat([moments(model, noise_only((1, 240))[0].numpy(), rooms=False) for _ in range(HUSHES)])
    # and where nothing was heard at all, so that a face at rest shows nothing
    nothing = moments(model, np.full((240, BINS), SILENCE, np.float32), rooms=False)
    hush = torch.cat([hush, nothing[:1].expand(len(hush), -1)])
    parts.append(Heard(hush, torch.full((len(hush),), NEUTRAL)))
    heard = Heard(torch.cat([p.seen for p in parts]), torch.cat([p.label for p in parts]))
    print(f"{len(heard.label)} moments ({time.monotonic() - started:.0f} s)", flush=True)
    many = sum(len(part.label) for part in parts[:3])
    counts = torch.bincount(heard.label[:many], minlength=len(EMOTIONS)).float()
    odds = 1.0 / counts[heard.label]
    odds[:many] *= (1 - 2 * GRID_SHARE) / odds[:many].sum()
    odds[many : -len(hush)] = GRID_SHARE / max(1, len(parts[3].label))
    odds[-len(hush) :] = GRID_SHARE / len(hush)
    train(model, heard, odds, args.steps, args.batch, args.seed, crossing)
    calm = [heard.seen[:0], *(moments(model, mel, rooms=False) for mel in moved.plain_talk(args.data))]
    moved.train(model, heard.seen, heard.label, torch.cat(calm), args.seed)
    if judged:
        whole, confusion = accuracy(model, judged)
        early, _ = accuracy(model, judged, 100)
        print(f"held-out actors {whole:.3f}, after 2 s {early:.3f} ({time.monotonic() - started:.0f} s)")
        print(confusion)
        names = sorted({corpus.line_of(clip.name)[1] for clip in (*acted, *judged)})
        (known, said), (new, new_said) = (embedded(model, some, names) for some in (acted, judged))
        print(f"which of {len(names)} sentences, linearly from the embedding: "
              f"{probe(known, said, new, new_said):.3f}")  # fmt: skip
    results.write(args.out / "emotion.pt", {"emotion": model.state_dict(), "config": asdict(config)})


if __name__ == "__main__":
    main()
