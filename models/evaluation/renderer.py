"""Pictures of a person against real ones: `python -m models.evaluation renderer --person DIR --painter NAME=FILE`.

Driven by tracked landmarks each clip starts from its own first frame, as in the papers; driven by sound the head and
eyes are the tracked ones, so that pictures can be compared, and everything else is what the voice says.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bridge import landmarks as face
from bridge.frames import Floats
from bridge.portrait.devices import Runner
from bridge.portrait.drawing import SIZE, Picture
from bridge.portrait.person import KEY, PersonError, drawing_of, read_person_contract
from bridge.weights import choose
from models.data.people import VAL, Person, read_person
from models.evaluation import pictures as judged
from models.evaluation.systems import Baked, named_path

MOUTH_SIDE = 80
"""Of the square around the mouth, pixels at 256."""
FACE_SIDE = 144
STILL_STEP = 3.0
"""A pixel outside of the face whose real values deviate by less over a clip is still, steps of 255."""
SHEET_FRAMES = (12, 25, 38, 50, 62)
SPEED_RUNS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A held-out clip."""

    indices: np.ndarray
    """(T,) of the person's frames; the first is the reference."""
    sound: Floats


def clips(person: Person) -> Iterator[Clip]:
    """All held-out clips."""
    held_out = person.of(VAL)
    for k in np.unique(person.clip[held_out]):
        sound = person.sound[person.sound_at[k] : person.sound_at[k + 1]]
        yield Clip(held_out[person.clip[held_out] == k], sound)


def tracked(person: Person, clip: Clip) -> Floats:
    """(T, 68, 3) as tracked."""
    found: Floats = person.landmarks[clip.indices]
    return found


def spoken(baked: Baked) -> Callable[[Person, Clip], Floats]:
    """Landmarks that a network hears: the clip's own rest, and the displacement at each frame's time."""

    def landmarks(person: Person, clip: Clip) -> Floats:
        real = person.landmarks[clip.indices]
        displacement = baked.landmarks(clip.sound) - face.neutral_face()
        at = np.clip(person.time_s[clip.indices] * 50 - 0.5, 0, len(displacement) - 1)
        low = np.floor(at).astype(int)
        share = (at - low)[:, None, None].astype(np.float32)
        high = np.minimum(low + 1, len(displacement) - 1)
        moved = displacement[low] * (1 - share) + displacement[high] * share
        gap = face.lip_gap(real)
        rest = np.median(real[gap <= np.quantile(gap, 0.3)], axis=0)
        found: Floats = (rest + moved).astype(np.float32)
        return found

    return landmarks


def painted(runner: Runner, person: Person, clip: Clip, landmarks: Floats, *, gaze: bool) -> Picture:
    """(T, 256, 256, 3) made from the clip's first frame and landmarks (T, 68, 3)."""
    first = int(clip.indices[0])
    reference, drawing = person.frames[first][None], person.drawing(first, gaze=gaze)[None]
    made = []
    for i, points in zip(clip.indices, landmarks, strict=True):
        wanted = drawing_of(person.camera(int(i)), points, person.irises[i], gaze=gaze)[None]
        made.append(runner({"drawing": wanted, "reference": reference, "reference_drawing": drawing})[0])
    return np.stack(made)


def corners(person: Person, clip: Clip, points: tuple[int, ...], side: int) -> np.ndarray:
    """(T, 2) tops and lefts of squares around some landmarks."""
    found = []
    for i in clip.indices:
        x, y = person.camera(int(i)).seen(person.landmarks[i][list(points)]).mean(axis=0)
        found.append(np.clip([y - side / 2, x - side / 2], 0, SIZE - side))
    return np.array(found).astype(np.int64)


def figures(person: Person, clip: Clip, made: Picture) -> dict[str, float]:
    """All figures of one clip; the reference frame is left out."""
    real = np.asarray(person.frames[clip.indices])[1:]
    made = made[1:]
    mouths = corners(person, clip, face.MOUTH, MOUTH_SIDE)[1:]
    faces = corners(person, clip, tuple(range(face.COUNT)), FACE_SIDE)[1:]
    still = real.astype(np.float32).std(axis=0).mean(axis=2) < STILL_STEP
    for y, x in faces:
        still[y : y + FACE_SIDE, x : x + FACE_SIDE] = False
    return {
        "psnr": judged.psnr(made, real),
        "ssim": judged.ssim(made, real),
        "mouth psnr": judged.psnr(
            judged.crop(made, mouths, MOUTH_SIDE), judged.crop(real, mouths, MOUTH_SIDE)
        ),
        "sharpness": judged.sharpness(judged.crop(made, faces, FACE_SIDE))
        / judged.sharpness(judged.crop(real, faces, FACE_SIDE)),
        "flicker": judged.flicker(made, still) / judged.flicker(real, still),
    }


def sheet(path: Path, person: Person, clip: Clip, rows: list[Picture]) -> None:
    """Frames of a clip to look at: real, then made ones, row by row."""
    real = np.asarray(person.frames[clip.indices])
    shown = [np.hstack([row[k] for k in SHEET_FRAMES if k < len(row)]) for row in [real, *rows]]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.vstack(shown)).save(path)


def speed(runner: Runner, person: Person) -> float:
    """Pictures a second, median over runs; drawing not counted."""
    picture = np.asarray(person.frames[0])[None]
    given = {"drawing": picture, "reference": picture, "reference_drawing": picture}
    took = []
    for _ in range(SPEED_RUNS + 3):
        began = time.perf_counter()
        runner(given)
        took.append(time.perf_counter() - began)
    return 1.0 / float(np.median(took[3:]))


def report(folder: Path, networks: dict[str, Path], cues: Path, plots: Path | None) -> dict[str, Any]:
    """Prints the table; returns its figures."""
    person = read_person(folder)
    held_out = list(clips(person))
    baked = Baked(cues)
    found: dict[str, Any] = {}
    names = ("psnr", "ssim", "mouth psnr", "sharpness", "flicker")
    print(
        f"{'renderer, ' + str(len(held_out)) + ' clips held out':36s}" + "".join(f"{n:>12s}" for n in names)
    )
    still = [figures(person, c, np.repeat(person.frames[c.indices[:1]], len(c.indices), 0)) for c in held_out]
    rows: dict[str, list[dict[str, float]]] = {"the reference, unmoved": still}
    for name, path in networks.items():
        runner = Runner(path.read_bytes(), "auto")
        gaze = read_person_contract(runner.metadata().get(KEY), str(path)).gaze
        drivers = {"tracked": tracked, "sound": spoken(baked)}
        shown: list[Picture] = []
        for driver, landmarks in drivers.items():
            rows[f"{name}, driven by {driver}"] = row = []
            for clip in held_out:
                made = painted(runner, person, clip, landmarks(person, clip), gaze=gaze)
                row.append(figures(person, clip, made))
                if clip is held_out[0]:
                    shown.append(made)
        if plots is not None:
            sheet(plots / f"renderer_{name}.png", person, held_out[0], shown)
        found[f"{name} pictures a second on {runner.device}"] = speed(runner, person)
    for name, row in rows.items():
        means = {n: float(np.mean([one[n] for one in row])) for n in names}
        found[name] = means
        print(f"{name:36s}" + "".join(f"{means[n]:12.3f}" for n in names))
    for name, value in found.items():
        if isinstance(value, float):
            print(f"{name}: {value:.1f}")
    return found


def main(arguments: list[str]) -> int:
    """Judges painters of one person."""
    parser = argparse.ArgumentParser(prog="python -m models.evaluation renderer", description=__doc__)
    parser.add_argument("--person", type=Path, required=True, help="folder of a prepared person")
    parser.add_argument("--painter", type=named_path, action="append", required=True, metavar="NAME=FILE",
                        help="a person.onnx, again for more")  # fmt: skip
    parser.add_argument(
        "--cues", type=Path, help="network that hears the sound; the shipped studio one by default"
    )
    parser.add_argument("--plots", type=Path, metavar="DIR", help="contact sheets go here")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args(arguments)
    try:
        cues = args.cues or choose("studio")
        found = report(args.person, dict(args.painter), cues, args.plots)
    except (PersonError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if args.json:
        beside = args.json.with_suffix(".tmp")
        beside.write_text(json.dumps(found, indent=1), "utf-8")
        beside.replace(args.json)
    return 0
