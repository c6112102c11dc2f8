"""Learns how far mouths reach in each style: `python -m models.training.style --data DIR --cues CUES -o runs/style.pt`.

Readers are GRID's commands, speakers natural talk, and actors the neutral clips of emotional corpora. The first two
were filmed with their sound: the mouth that the content branch gives to it is compared with theirs. The actors' tracks
may be silent: theirs are compared with what the branch gives to calm voices of any such corpus.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from bridge import landmarks as face
from bridge.frames import NEUTRAL, STYLES, Floats
from models.content import Content
from models.cue_network import content_of
from models.data import corpus, showings
from models.data.acted import tracked
from models.data.tracks import audio_beside, grid_folders, read_audio, read_track
from models.data.windows import delayed
from models.style import Style
from models.training import results

CLIPS = 24
"""Recordings of a style."""
SHARE = 0.15
"""Of the way, in logarithms, from the mouth that errs least to one that reaches as far as people's: all of it makes
a guess a loud guess (a mouth 1.3 times as far errs 0.03 to 0.07 more, against one at rest)."""
FURTHEST = 0.4
"""Largest logarithm."""


def reach(points: Floats) -> Floats:
    """(T, 68, 3) → (3,): how far the lips go along each axis: the 5 to 95 % range of each point, mean of all."""
    lips = points[:, list(face.MOUTH)]
    low, high = np.quantile(lips, (0.05, 0.95), axis=0)
    return np.asarray((high - low).mean(axis=0), np.float32)


@torch.no_grad()
def given(content: Content, hops: int, samples: Floats) -> Floats:
    """(T, 68, 3): what the content branch makes of a recording."""
    pairs, frames = delayed(corpus.features_of(samples), hops)
    shown, _, _ = content(pairs, content.initial_state(1))
    made: Floats = shown[0, hops // 2 : hops // 2 + frames].numpy()
    return made


def some(paths: Iterable[Path]) -> list[Path]:
    """At most `CLIPS` of them, spread evenly."""
    return showings.evenly(sorted(paths), CLIPS)


def pairs_of_style(data: Path) -> dict[str, tuple[list[Floats], list[Floats]]]:
    """Style → tracked mouths (T, 68, 3) and voices (N,); what is not there is left out."""
    found: dict[str, tuple[list[Floats], list[Floats]]] = {}
    for style, folders in (("reader", grid_folders(data)), ("speaker", [data / "talk"])):
        paths = some(path for folder in folders for path in folder.glob("*.npz"))
        films = [(p, a) for p in paths if (a := audio_beside(p)) is not None]
        if films:
            found[style] = [read_track(p).landmarks for p, _ in films], [read_audio(a) for _, a in films]
    calm = [track.landmarks for recording, track in tracked(data) if recording.emotion == "neutral"]
    try:
        voices = [c.samples for c in corpus.emotional(data, held_out=False) if c.emotion == NEUTRAL]
    except FileNotFoundError:
        voices = []
    if calm and voices:
        found["actor"] = calm, voices[:: -(-len(voices) // CLIPS)]
    return found


def fit(content: Content, hops: int, data: Path) -> Style:
    """The reach of every style that there is something to learn from; the others stay as the content is.

    Raises:
        FileNotFoundError: if there is nothing for any.
    """
    model, pairs = Style(), pairs_of_style(data)
    if not pairs:
        raise FileNotFoundError(
            f"{data} holds no talk with tracks: grid_s1/train, talk, or acted emotions and voices"
        )
    for style in STYLES:
        if style not in pairs:
            print(f"{style:8s} stays as the content branch is: {data} has nobody who talks so", flush=True)
    for style, (filmed, voices) in pairs.items():
        real = np.median([reach(points) for points in filmed], axis=0)
        made = np.median([reach(given(content, hops, samples)) for samples in voices], axis=0)
        further = np.clip(SHARE * np.log(real / np.maximum(made, 1e-3)), -FURTHEST, FURTHEST)
        model.reach[STYLES.index(style)] = torch.from_numpy(further.astype(np.float32))
        print(f"{style:8s} people reach {np.round(10 * real, 1)} mm, the content branch {np.round(10 * made, 1)} mm: "
              f"times {np.round(np.exp(further), 2)}", flush=True)  # fmt: skip
    return model


def main() -> None:
    """Learns and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cues", type=Path, required=True, help="cues.pt of models.training.cues")
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args()
    if not args.cues.is_file():
        parser.error(f"{args.cues}: run python -m models.training.cues first")
    content, hops = content_of(torch.load(args.cues, weights_only=True))
    try:
        model = fit(content, hops, args.data)
    except FileNotFoundError as error:
        parser.error(str(error))
    results.write(args.out, model.state_dict())


if __name__ == "__main__":
    main()
