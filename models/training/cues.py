"""Trains ears, mouth and motion: `python -m models.training.cues --data DIR --lessons DIR --whisper DIR -o runs/live`.

The speech encoder starts from Whisper's first two layers and goes on learning: what the whole encoder says of
every voice (smooth L1 on its last states), and what the mouth needs. The mouth learns from filmed talk and from
the mouths that the teacher lent (`models.training.teacher`). Look-ahead is a delay of the targets, shared between
the encoder's attention and the mouth's convolutions: one recipe for every look-ahead. Checkpoints every `--every`
steps, and goes on from the last one.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor, nn

from bridge import landmarks as face
from bridge.features import log_mel
from bridge.frames import RATE_HZ, Floats
from models import basis as pca
from models.content import Content, ContentConfig
from models.data import lessons
from models.data.augment import augment
from models.data.lessons import Lesson
from models.data.noises import any_noise
from models.data.tracks import AUDIO_SUFFIXES, grid_folders
from models.data.whisper import WhisperEncoder
from models.data.windows import FRAMES, Batch, Windows, delayed, pairs_of
from models.losses import DisplacementLoss
from models.motion import Motion, concordance_loss
from models.speech_encoder import STEM_DELAY, WIDTH, EncoderConfig
from models.training import results
from models.training.start import from_whisper

STATES_DEVIATION = 1.2
"""Of Whisper's last states; brings their loss to unit size."""
STATES_SHARE, CONCORDANCE_SHARE, SMOOTH_SHARE = 0.5, 0.2, 0.5
"""Weights in the loss beside the mouth's 1."""
ENCODER_RATE = 0.25
"""What was learned from thousands of voices changes more slowly than what begins at nothing."""
MOST_AHEAD = 7
"""Future steps that one attention layer waits for at most (140 ms)."""
START_RECORDINGS, START_SECONDS = 110, 6


def shared_lookahead(delay: int, layers: int = 2) -> tuple[int, ...]:
    """Steps of look-ahead → what each attention layer may wait for; the rest is the mouth's."""
    left = max(0, delay - STEM_DELAY)
    return tuple(min(MOST_AHEAD, (left + layers - 1 - i) // layers) for i in range(layers))


class Student(nn.Module):
    """What is trained: ears and mouth, motion on top, and the map from our states to Whisper's."""

    def __init__(self, config: ContentConfig, basis: Floats | None, motion_scale: Tensor | None) -> None:
        super().__init__()
        self.content = Content(config, basis)
        self.motion = Motion(config.width, scale=motion_scale)
        self.echo = nn.Linear(WIDTH, WIDTH)
        nn.init.eye_(self.echo.weight)
        nn.init.zeros_(self.echo.bias)


def gap_r(content: Content, clips: list[Lesson], lookahead_hops: int) -> float:
    """Mean lip-gap r at lag 0 of filmed clips, from a fresh state."""
    content.eval()
    scores = []
    neutral = face.neutral_face()
    delay = lookahead_hops // 2
    with torch.no_grad():
        for clip in clips:
            pairs, _ = delayed(clip.mel.astype(np.float32), lookahead_hops)
            out, _, _ = content(pairs, content.initial_state(1))
            filmed = clip.share > 0
            predicted = out[0, delay : delay + clip.frames].numpy()[filmed]
            tracked = clip.displacement[filmed].astype(np.float32)
            a, b = face.lip_gap(predicted + neutral), face.lip_gap(tracked + neutral)
            scores.append(float(np.corrcoef(a, b)[0, 1]))
    content.train()
    return float(np.mean(scores))


def rate_share(progress: float, warm_up: float = 0.08) -> float:
    """Learning rate as a share of its peak: a linear rise, then half a cosine down to 1 %.

    A function of progress alone: a run that resumes with other `--steps` goes on from where it stands.
    """
    if progress < warm_up:
        return 0.05 + 0.95 * progress / warm_up
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (progress - warm_up) / (1 - warm_up)))


def quiet_sounds(data: Path, hops: int, rng: np.random.Generator, count: int = 700) -> list[Floats]:
    """Features of sounds without a voice: made by formula, and what `DATA/backgrounds` holds."""
    sounds = [any_noise(rng, 4 * RATE_HZ) for _ in range(count)]
    paths = sorted(p for p in (data / "backgrounds").glob("*") if p.suffix in AUDIO_SUFFIXES)
    for path in rng.permutation(np.array(paths, dtype=object))[:count]:
        samples, _ = soundfile.read(path, dtype="float32", frames=10 * RATE_HZ)
        sounds.append(samples * np.float32(10 ** (rng.uniform(-30, 0) / 20)))
    features = [log_mel(s) for s in sounds]
    return [np.pad(f, ((0, max(0, hops - len(f))), (0, 0)), mode="wrap") for f in features if len(f) > 50]


def some_recordings(data: Path, rng: np.random.Generator) -> list[Floats]:
    """A few seconds of as many voices as there are folders, to start the encoder from."""
    folders = [*grid_folders(data), *(data / name for name in ("talk", "ravdess_speech", "tts", "prompts"))]
    folders += [
        f for f in sorted(data.glob("*_motion")) if any(p.suffix in AUDIO_SUFFIXES for p in f.iterdir())
    ]
    found = []
    for folder in folders:
        paths = sorted(p for p in folder.rglob("*") if p.suffix in AUDIO_SUFFIXES)
        for path in rng.permutation(np.array(paths, dtype=object))[: START_RECORDINGS // len(folders)]:
            samples, _ = soundfile.read(path, dtype="float32", frames=START_SECONDS * RATE_HZ)
            found.append(samples[: len(samples) // 320 * 320])
    return [f for f in found if f.size >= RATE_HZ]


def losses(
    student: Student, batch: Batch, mel: Tensor, hops: int, loss_of: DisplacementLoss
) -> dict[str, Tensor]:
    """Each part of the loss by name, unweighted; `mel` are the batch's features after augmentation."""
    content, size, delay = student.content, len(mel), hops // 2
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pairs = pairs_of(mel, hops)
        state = content.initial_state(size)
        states, _ = content.encoder(pairs, state)
        out, hidden, _ = content.mouth(states, state)
        gesture, _ = student.motion(hidden.detach(), student.motion.initial_state(size))
        said = student.echo(states)
    mouth = loss_of(out.float()[:, delay : delay + FRAMES], batch.displacement, batch.share)
    late = content.encoder.config.delay
    count = min(FRAMES, said.shape[1] - late)
    error = (said.float()[:, late : late + count] - batch.states[:, :count]) / STATES_DEVIATION
    each = nn.functional.smooth_l1_loss(error, torch.zeros_like(error), reduction="none").mean(-1)
    share = batch.states_share[:, :count]
    echo = (each * share).sum() / share.sum().clamp(min=1.0)
    # motion: concordance, and no jerks
    gesture = gesture.float()[:, delay : delay + FRAMES] / student.motion.scale
    concordance = concordance_loss(gesture, batch.motion / student.motion.scale, batch.motion_share)
    smooth = (gesture[:, 2:] - 2 * gesture[:, 1:-1] + gesture[:, :-2]).abs().mean()
    return {"mouth": mouth, "states": echo, "motion": concordance, "smooth": smooth}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lessons", type=Path, required=True)
    parser.add_argument("--whisper", type=Path, help="where the encoder starts from; without it, from chance")
    parser.add_argument("--warm", type=Path, help="cues.pt of another look-ahead to start from")
    parser.add_argument("--lookahead-ms", type=int, default=80)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument(
        "--states-share", type=float, default=STATES_SHARE, help="0: no distillation (ablation)"
    )
    parser.add_argument("--groups", help="comma-separated groups to learn from (ablation); default: all")
    parser.add_argument("--every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument("--threads", type=int, default=0, help="0: as torch likes")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.lookahead_ms % 20 or not 0 <= args.lookahead_ms <= 5000:
        parser.error(f"--lookahead-ms {args.lookahead_ms}: give a multiple of 20 from 0 to 5000")
    return args


def begin(args: argparse.Namespace, clips: list[Lesson]) -> tuple[Student, ContentConfig]:
    """A student that starts from Whisper, from another look-ahead, or from chance."""
    config = ContentConfig(EncoderConfig(shared_lookahead(args.lookahead_ms // 20)), width=args.width)
    filmed = [c for c in clips if c.motion is not None]
    basis = pca.fit(
        np.concatenate([c.displacement[c.share > 0][::4].astype(np.float32) for c in filmed]),
        config.components,
    )
    moved = np.concatenate([c.motion[c.share > 0] for c in filmed if c.motion is not None]).astype(np.float32)
    student = Student(config, basis, torch.from_numpy(moved.std(axis=0).clip(min=1e-4)))
    if args.whisper is not None:
        recordings = some_recordings(args.data, np.random.default_rng(args.seed))
        start = from_whisper(WhisperEncoder.load(args.whisper), config.encoder, recordings)
        student.content.encoder.load_state_dict(start.state_dict())
    if args.warm is not None:
        warm(student, args.warm)
    return student, config


def warm(student: Student, path: Path) -> None:
    """Takes over every weight of a trained student whose shape fits; relative biases as far as both reach."""
    saved = torch.load(path, weights_only=True)
    for part, own in ((p, getattr(student, p)) for p in ("content", "motion", "echo")):
        state = own.state_dict()
        for key, value in saved[part].items():
            if key in state and state[key].shape == value.shape:
                state[key] = value
            elif key.endswith("attention.bias"):
                common = min(state[key].shape[1], value.shape[1])
                state[key][:, :common] = value[:, :common]
        own.load_state_dict(state)


def main() -> None:
    """Trains until `--steps`, writing `cues.pt` (the averaged weights) and `checkpoint.pt` on the way."""
    args = arguments()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    hops = args.lookahead_ms // 10
    clips = lessons.load(args.lessons, args.groups.split(",") if args.groups else None)
    val = lessons.load(args.lessons / "val")[::3]
    student, config = begin(args, clips)
    ears = list(student.content.encoder.parameters())
    known = {id(p) for p in ears}
    rest = [p for p in student.parameters() if id(p) not in known]
    optimizer = torch.optim.AdamW(
        [{"params": ears, "share": ENCODER_RATE}, {"params": rest, "share": 1.0}],
        lr=args.rate,
        weight_decay=0.02,
    )
    average = torch.optim.swa_utils.AveragedModel(
        student,
        multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995),  # type: ignore[no-untyped-call]
    )
    step = 0
    checkpoint = args.out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        step = saved["step"]
        for name, thing in (("student", student), ("average", average), ("optimizer", optimizer)):
            thing.load_state_dict(saved[name])
        print(f"resumed at step {step}", flush=True)
    windows = Windows(clips, hops // 2, args.seed + step)
    quiet = quiet_sounds(args.data, 2 * (FRAMES + hops // 2), np.random.default_rng(args.seed + 1))
    loss_of = DisplacementLoss()
    weights = {"mouth": 1.0, "states": args.states_share, "motion": CONCORDANCE_SHARE, "smooth": SMOOTH_SHARE}
    print(f"look-ahead {args.lookahead_ms} ms, attention waits for {config.encoder.ahead} steps; "
          f"{sum(p.numel() for p in ears)} parameters of ears, "
          f"{sum(p.numel() for p in student.content.parameters()) - sum(p.numel() for p in ears)} of mouth; minutes "
          f"{windows.minutes()}", flush=True)  # fmt: skip
    started, shown = time.monotonic(), dict.fromkeys(weights, 0.0)
    while step < args.steps:
        batch = windows.batch(args.batch)
        mel = augment(batch.mel)
        hush = max(1, args.batch // 8)
        for row in range(hush):  # where nobody speaks the mouth rests
            mel[row] = torch.from_numpy(quiet[int(windows.rng.integers(len(quiet)))][: mel.shape[1]])
        batch.displacement[:hush], batch.share[:hush] = 0.0, 1.0
        batch.motion_share[:hush], batch.states_share[:hush] = 0.0, 0.0
        parts = losses(student, batch, mel, hops, loss_of)
        loss = torch.stack([weights[name] * part for name, part in parts.items()]).sum()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = args.rate * group["share"] * rate_share(step / args.steps)
        optimizer.step()
        average.update_parameters(student)
        step += 1
        for name, part in parts.items():
            shown[name] += float(part.detach())
        if step % args.every == 0 or step == args.steps:
            kept = average.module
            assert isinstance(kept, Student)  # noqa: S101  narrows the type
            told = " ".join(f"{name} {value / args.every:.4f}" for name, value in shown.items())
            score = gap_r(kept.content, val, hops)
            spent = time.monotonic() - started
            print(f"step {step}/{args.steps} {told} val gap r {score:.3f} ({spent:.0f} s)", flush=True)
            shown = dict.fromkeys(shown, 0.0)
            results.write(checkpoint, {
                "step": step, "student": student.state_dict(), "average": average.state_dict(),
                "optimizer": optimizer.state_dict(),
            })  # fmt: skip
            parts_of = {p: getattr(kept, p).state_dict() for p in ("content", "motion", "echo")}
            facts = {"config": asdict(config), "lookahead_hops": hops, "step": step}
            results.write(args.out / "cues.pt", {**parts_of, **facts})


if __name__ == "__main__":
    main()
