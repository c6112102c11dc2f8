"""What each part is worth: `python -m models.evaluation ablation --data DIR --variant NAME=FOLDER …`.

A variant is a folder of training results (cues.pt, emotion.pt, expression.pt, voice.pt, performance.pt, style.pt);
what it has
not comes from the first one. `expression.PERSON.pt`, trained with `--people PERSON`, is judged by everybody else.
The row of regressed gaze is the first variant's with `models.motion` in the place of classes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from bridge import landmarks as face
from bridge.contract import NOISE
from bridge.features import BINS
from bridge.frames import EMOTIONS, NEUTRAL, STYLES, Floats, Steering
from models.cue_network import CueNetwork, assemble, content_of
from models.data import corpus, showings
from models.data.motion import motion_of
from models.data.tracks import audio_beside, read_audio, read_track
from models.data.windows import delayed
from models.evaluation import face_emotion, faces, voice_emotion
from models.evaluation.face_emotion import Face, Made, directed, recordings, voiced
from models.evaluation.faces import Judge
from models.evaluation.moves import RATE_HZ, moves
from models.expression import Expression
from models.losses import Relations
from models.motion import Motion

PARTS = ("cues", "emotion", "expression", "voice", "performance", "style")
COLUMNS = ("directed", "unseen", "voiced", "voice", "shape mm", "shifts/s", "fixation s")


@dataclass(frozen=True)
class Variant:
    """A row of the table."""

    name: str
    parts: dict[str, Path]
    alone: dict[str, Path]
    """Person → an expression learned from that person alone."""


def variants(given: list[tuple[str, Path]]) -> list[Variant]:
    """The rows.

    Raises:
        FileNotFoundError: if the first folder lacks a part.
    """
    first = given[0][1]
    for part in PARTS:
        if not (first / f"{part}.pt").is_file():
            raise FileNotFoundError(f"{first} has no {part}.pt: the first variant must be whole")
    found = []
    for name, folder in given:
        parts = {p: (folder if (folder / f"{p}.pt").is_file() else first) / f"{p}.pt" for p in PARTS}
        others = sorted(parts["expression"].parent.glob("expression.*.pt"))
        found.append(Variant(name, parts, {path.name.split(".")[1]: path for path in others}))
    return found


def assembled(network: CueNetwork) -> Face:
    """A network in torch as a face."""
    delay = network.config.lookahead_hops // 2

    @torch.no_grad()
    def made(samples: Floats, steering: Steering) -> Made:
        pairs, frames = delayed(corpus.features_of(samples), network.config.lookahead_hops)
        steps = pairs.shape[1]
        style = torch.zeros(1, len(STYLES))
        style[0, STYLES.index(steering.style)] = 1.0
        noise = np.random.default_rng(steering.seed).standard_normal((1, steps, NOISE), np.float32)
        out, _ = network(
            pairs.reshape(1, 2 * steps, BINS),
            torch.from_numpy(steering.emotion)[None].float(),
            torch.tensor([[steering.mix]]),
            torch.tensor([[steering.intensity]]),
            style,
            torch.tensor([[steering.temperature]]),
            torch.from_numpy(noise),
            network.initial_state(),
        )
        kept = slice(delay, delay + frames)
        return Made(
            out.displacement[0, kept].numpy(), out.gaze[0, kept].numpy(), out.head_rotation[0, kept].numpy()
        )

    return made


def unseen(
    network: CueNetwork, variant: Variant, voices: list[Floats], real: dict[str, faces.Clips]
) -> float:
    """Directed faces of generators that know one person, named by judges of everybody else; NaN without them."""
    scores = []
    for person, path in variant.alone.items():
        if person not in real or len(real) < 2:
            continue
        network.expression.load_state_dict(torch.load(path, weights_only=True))
        judge = Judge.of([clip for other, shown in real.items() if other != person for clip in shown])
        scores.append(judge.accuracy(directed(assembled(network), voices)))
    return float(np.mean(scores)) if scores else float("nan")


@torch.no_grad()
def shape_error_mm(variant: Variant, data: Path) -> float:
    """Mean error of all distances between two landmarks, of people that the expression was not learned from."""
    relations, errors = Relations(), []
    for person, path in variant.alone.items():
        model = Expression()
        model.load_state_dict(torch.load(path, weights_only=True))
        for clip in showings.acted(data):
            if clip.person == person:
                continue
            frames = len(clip.opening)
            emotion = torch.eye(len(EMOTIONS))[clip.emotion].expand(1, frames, -1)
            coefficients, _ = model.coefficients(
                emotion,
                torch.from_numpy(clip.opening)[None, :, None],
                torch.from_numpy(clip.gesture)[None],
                model.initial_state(1),
            )
            made = relations.distances(model.points(coefficients)[0])
            errors.append(
                float((made - relations.distances(torch.from_numpy(clip.displacement))).abs().mean())
            )
    return 10 * float(np.mean(errors)) if errors else float("nan")


def talks(data: Path) -> list[tuple[Path, Floats]]:
    """Tracks of natural talk, and their sound."""
    found = [(path, audio_beside(path)) for path in sorted((data / "talk").glob("*.npz"))]
    return [(path, read_audio(audio)) for path, audio in found if audio is not None]


def glances(gaze: list[Floats], lids: list[Floats] | None = None) -> tuple[float, float]:
    """Gaze shifts a second and the mean fixation of (T, 2) rad at 50 frames a second; lid gaps (T, 2) tell blinks."""
    gaps = [np.ones_like(g) for g in gaze] if lids is None else lids
    still = np.eye(3, dtype=np.float32)[None]
    found = [moves(g[::2], gap[::2], still.repeat(len(g[::2]), 0)) for g, gap in zip(gaze, gaps, strict=True)]
    seconds = sum(m.seconds for m in found)
    shifts = sum(m.shifts_per_s * m.seconds for m in found)
    return shifts / seconds, seconds / (shifts + len(found))


def generated_glances(generate: Face, data: Path) -> tuple[float, float]:
    """Of a network that hears natural talk, as a speaker, neutral."""
    neutral = face_emotion.directed_to(NEUTRAL)
    steering = Steering(neutral.emotion, 1.0, 1.0, style="speaker")
    gaze = [generate(samples, steering).gaze.mean(1) for _, samples in talks(data)]
    return glances(gaze) if gaze else (float("nan"), float("nan"))


def tracked_glances(data: Path) -> tuple[float, float]:
    """Of the people themselves."""
    gaze, lids = [], []
    for path, _ in talks(data):
        track = read_track(path)
        times = np.arange(track.time_s[0], track.time_s[-1], 1 / (2 * RATE_HZ)).astype(np.float32)
        motion = motion_of(
            track.at(times, track.iris), track.at(times, track.landmarks), track.at(times, track.pose)
        )
        gaze.append(motion[:, :4].reshape(-1, 2, 2).mean(1))
        lids.append(track.at(times, face.lid_gap(track.landmarks)))
    return glances(gaze, lids) if gaze else (float("nan"), float("nan"))


@torch.no_grad()
def regressed_glances(cues: Path, data: Path) -> tuple[float, float]:
    """Of gaze as a regression from the voice (`models.motion`, in the same training result)."""
    saved = torch.load(cues, weights_only=True)
    content, hops = content_of(saved)
    motion = Motion(saved["config"]["width"])
    motion.load_state_dict(saved["motion"])
    gaze = []
    for _, samples in talks(data):
        pairs, frames = delayed(corpus.features_of(samples), hops)
        _, hidden, _ = content(pairs, content.initial_state(1))
        moved, _ = motion(hidden, motion.initial_state(1))
        kept = moved[0, hops // 2 : hops // 2 + frames, :4].numpy()
        gaze.append(kept.reshape(-1, 2, 2).mean(1))
    return glances(gaze) if gaze else (float("nan"), float("nan"))


def row(variant: Variant, data: Path, real: dict[str, faces.Clips]) -> dict[str, float]:
    """All figures of a variant."""
    network = assemble(**variant.parts)
    generate = assembled(network)
    voices = recordings(data)
    everybody = Judge.of([clip for shown in real.values() for clip in shown])
    heard = voice_emotion.ravdess_held_out(data)

    @torch.no_grad()
    def listen(samples: Floats) -> Floats:
        pairs, frames = delayed(corpus.features_of(samples), network.config.lookahead_hops)
        answers, _ = network.emotion(pairs, network.emotion.initial_state(1))
        logits = answers[..., : len(EMOTIONS)]
        late = network.config.lookahead_hops // 2
        found: Floats = logits[0, late : late + frames].softmax(-1).numpy()
        return found

    shifts, fixation = generated_glances(generate, data)
    figures = {
        "directed": everybody.accuracy(directed(generate, voices)),
        "voiced": everybody.accuracy(voiced(generate, data)) if heard else float("nan"),
        "voice": voice_emotion.unweighted_accuracy(listen, heard) if heard else float("nan"),
        "shape mm": shape_error_mm(variant, data),
        "shifts/s": shifts,
        "fixation s": fixation,
    }
    return figures | {"unseen": unseen(network, variant, voices, real)}


def named_folder(text: str) -> tuple[str, Path]:
    """`NAME=FOLDER`.

    Raises:
        ArgumentTypeError: if there is no name or no such folder.
    """
    name, sign, rest = text.partition("=")
    if not sign or not name.strip() or not Path(rest).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r}: write NAME=FOLDER, a folder of training results")
    return name.strip(), Path(rest)


def main(argv: list[str]) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m models.evaluation ablation", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--variant", type=named_folder, action="append", required=True, metavar="NAME=FOLDER")
    args = parser.parse_args(argv)
    real = faces.filmed(args.data)
    if not real:
        parser.error(f"{args.data} holds nobody with a neutral clip to train a judge on")
    try:
        rows = variants(args.variant)
        for variant in rows:
            assemble(**variant.parts)
    except (FileNotFoundError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    nothing = dict.fromkeys(COLUMNS, float("nan"))
    first = max(len("regression gaze, no classes"), *(len(v.name) for v in rows))
    print(f"{'':{first}s}" + "".join(f"{name:>12s}" for name in COLUMNS))

    def told(name: str, figures: dict[str, float]) -> None:
        cells = "".join(
            f"{'–':>12s}" if np.isnan(figures[key]) else f"{figures[key]:12.3f}" for key in COLUMNS
        )
        print(f"{name:{first}s}{cells}", flush=True)

    shifts, fixation = tracked_glances(args.data)
    told("people", nothing | {"unseen": faces.strangers(real), "shifts/s": shifts, "fixation s": fixation})
    for variant in rows:
        told(variant.name, row(variant, args.data, real))
    shifts, fixation = regressed_glances(rows[0].parts["cues"], args.data)
    told("regression gaze, no classes", nothing | {"shifts/s": shifts, "fixation s": fixation})
    return 0
