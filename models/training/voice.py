"""Trains the voice branch: `python -m models.training.voice --data DIR --cues runs/live/cues.pt -o runs/voice_live.pt`.

It listens to the speech encoder of `--cues`, which stays as it is, and is trained for its look-ahead. Scenes are
drawn and encoded once; then the branch, which is small, goes over them several times. At the end the gate itself is
judged on what was held out: noises by file and by seed, and other speakers of the prompts and synthetic voices.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bridge.features import SILENCE
from bridge.frames import Floats
from bridge.gate import SpeechGate
from models.cue_network import encoder_config
from models.data.corpus import Clip
from models.data.scenes import (
    FRAMES,
    Noise,
    Scenes,
    backgrounds,
    cared_for,
    decibels,
    features_of,
    formulas,
    labelled,
    loudest,
    power_of,
)
from models.data.windows import pairs_of
from models.speech_encoder import SpeechEncoder
from models.training import results
from models.voice import Voice, VoiceConfig

WIDEN_BEFORE = 20
"""Frames at most, as far as the look-ahead goes: a mouth gets ready 400 ms before it speaks."""
AT_ONCE = 12
"""Scenes that are encoded together."""


def encoder_of(cues: dict[str, Any]) -> SpeechEncoder:
    """The speech encoder inside what `models.training.cues` writes."""
    encoder = SpeechEncoder(encoder_config(cues["config"]["encoder"]))
    own = {k.removeprefix("encoder."): v for k, v in cues["content"].items() if k.startswith("encoder.")}
    encoder.load_state_dict(own)
    return encoder.eval().requires_grad_(requires_grad=False)


def encoded(encoder: SpeechEncoder, mel: Tensor, hops: int) -> tuple[Tensor, Tensor]:
    """Features (B, K, 80) → states (B, T, 384) and features by step (B, T, 160), half precision."""
    pairs = pairs_of(mel, hops)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        states, _ = encoder(pairs, encoder.initial_state(len(pairs)))
    return states.half(), pairs.half()


class Judge:
    """Sounds that nobody trained on, encoded once."""

    def __init__(self, encoder: SpeechEncoder, hops: int, noises: list[Noise], clips: list[Clip]) -> None:
        self.encoder, self.hops, self.delay = encoder, hops, hops // 2
        self.noises = [(noise.kind, *self.heard(noise.mel)) for noise in noises]
        self.people: list[tuple[str, Floats, Tensor, Tensor]] = []
        for i, clip in enumerate(clips):
            self.people.append(("speech", clip.extras["voice"], *self.heard(clip.mel)))
            if noises:
                behind = np.resize(power_of(noises[i % len(noises)].mel), clip.mel.shape)
                power = power_of(clip.mel)
                power += behind * np.float32(np.exp(loudest(power) - loudest(behind) - decibels(10)))
                noisy = self.heard(features_of(power))
                self.people.append(("speech, noise 10 dB below", clip.extras["voice"], *noisy))

    def heard(self, mel: Floats) -> tuple[Tensor, Tensor]:
        """States and features of a whole sound, its look-ahead filled with silence."""
        padded = np.pad(mel, ((0, 2 * self.delay + len(mel) % 2), (0, 0)), constant_values=SILENCE)
        return encoded(self.encoder, torch.from_numpy(padded.astype(np.float32))[None], self.hops)

    def openness(self, voice: Voice, states: Tensor, pairs: Tensor) -> Floats:
        """(T,) what the gate makes of it, as loud as can be."""
        with torch.no_grad():
            logits, _ = voice(states.float(), pairs.float(), voice.initial_state(1))
        gate = SpeechGate()
        return np.array([gate(float(p), 0.0) for p in logits[0, self.delay :].sigmoid()], np.float32)

    def __call__(self, voice: Voice) -> dict[str, float]:
        """Kind → share of frames in which the mouth is free; for speech, share in which it is held shut."""
        voice.eval()
        found: dict[str, list[np.ndarray]] = defaultdict(list)
        for kind, states, pairs in self.noises:
            found[f"open on {kind}"].append(self.openness(voice, states, pairs) > 0)
        for name, label, states, pairs in self.people:
            openness = self.openness(voice, states, pairs)[: len(label)]
            found[f"shut in {name}"].append(openness[label[: len(openness)] > 0.5] == 0)
        voice.train()
        return {name: float(np.concatenate(values).mean()) for name, values in found.items()}


def main() -> None:
    """Trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cues", type=Path, required=True, help="cues.pt of models.training.cues")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--scenes", type=int, default=2600)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the recordings and formulas that are used"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:5.0f} s  {text}", flush=True)

    if not args.cues.exists():
        parser.error(f"{args.cues}: run python -m models.training.cues first")
    cues = torch.load(args.cues, weights_only=True)
    hops = int(cues["lookahead_hops"])
    delay = hops // 2
    encoder = encoder_of(cues)
    clips, others = labelled(args.data, min(WIDEN_BEFORE, delay), args.share, rng)
    if not clips:
        parser.error(f"{args.data} holds no speech")
    recorded = args.data / "backgrounds"
    made = formulas(rng, max(1, round(100 * args.share)))
    real = backgrounds(recorded, judged=False)
    say(
        f"{len(clips)} clips, {len(made)} formulas, {len(real)} recorded sounds; {len(others)} clips held out"
    )
    unheard = [*formulas(np.random.default_rng([args.seed, 1]), max(1, round(5 * args.share)))]
    unheard += backgrounds(recorded, judged=True)
    judge = Judge(encoder, hops, unheard, others)
    scenes = Scenes(clips, [made, real], delay, rng)
    states, pairs, labels = [], [], []
    for first in range(0, args.scenes, AT_ONCE):
        mel, label = scenes.batch(AT_ONCE)
        state, pair = encoded(encoder, mel, hops)
        states.append(state)
        pairs.append(pair)
        labels.append(label)
        if first % (20 * AT_ONCE) == 0:
            say(f"scene {first}/{args.scenes}")
    all_states, all_pairs, all_labels = torch.cat(states), torch.cat(pairs), torch.cat(labels)
    all_cares = torch.from_numpy(cared_for(all_labels.numpy()))
    model = Voice(VoiceConfig())
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=args.steps + 1, pct_start=0.1)
    shown, every = 0.0, max(1, args.steps // 6)
    for step in range(1, args.steps + 1):
        rows = torch.from_numpy(rng.integers(0, len(all_labels), args.batch))
        logits, _ = model(all_states[rows].float(), all_pairs[rows].float(), model.initial_state(args.batch))
        loss = nn.functional.binary_cross_entropy_with_logits(
            logits[:, delay : delay + FRAMES], all_labels[rows], weight=all_cares[rows]
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        shown += float(loss.detach())
        if step % every == 0:
            say(f"step {step}/{args.steps} loss {shown / every:.4f}")
            shown = 0.0
    results.write(
        args.out, {"voice": model.state_dict(), "config": asdict(VoiceConfig()), "lookahead_hops": hops}
    )
    for name, value in judge(model).items():
        print(f"  {name:36s} {value:.4f}")


if __name__ == "__main__":
    main()
