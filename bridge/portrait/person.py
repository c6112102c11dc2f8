"""A person to paint: a folder with `person.onnx`, the trained network, and `reference.png`, the face it starts from.

The network's metadata says where the reference's landmarks lie, what the person's rest is, who consented to what, and
what it was trained on; inputs and output are uint8 pictures, so that any program can run it:

* `drawing` (1, 256, 256, 3): the face that is wanted, drawn by `bridge.portrait.drawing`
* `reference` (1, 256, 256, 3) and `reference_drawing` (1, 256, 256, 3)
* → `picture` (1, 256, 256, 3)
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bridge.frames import Floats
from bridge.portrait.camera import Camera
from bridge.portrait.drawing import SIZE, Picture, drawn

KEY = "facecue.person"
"""Name of the metadata entry."""
VERSION = 1
NETWORK, REFERENCE, CARD = "person.onnx", "reference.png", "card.md"
MAX_NETWORK_BYTES = 256 * 2**20
MAX_PICTURE_BYTES = 4 * 2**20
EYEBALL_RADIUS_CM = 1.2
"""An iris moves by the sine of the gaze times this."""
UNDRAWN = np.full(2, -1.0, np.float32)
"""Radii of irises that are left out of a drawing."""
IRIS_POINTS = 10
"""Right centre and four on its rim, then left."""


class PersonError(ValueError):
    """A folder that cannot be painted from, with the way out."""


@dataclass(frozen=True)
class PersonContract:
    """What a person's network says of itself."""

    name: str
    neutral: list[list[float]]
    """(68, 3) cm: the person at rest."""
    irises: list[list[float]]
    """(10, 3) cm: eyes that look straight ahead."""
    reference_landmarks: list[list[float]]
    """(68, 3) cm of the reference picture."""
    reference_irises: list[list[float]]
    """(10, 3) cm."""
    rotation: list[list[float]]
    """(3, 3): the camera of the reference picture."""
    scale: float
    shift: list[float]
    gaze: bool
    """Whether irises are drawn."""
    consent: str
    """What the person agreed to, in the words of whoever trained it."""
    trained_on: str
    licence: str
    size: int = SIZE
    version: int = VERSION

    def to_json(self) -> str:
        """For the metadata."""
        return json.dumps(asdict(self), sort_keys=True)


SHAPES: dict[str, tuple[int, ...]] = {
    "neutral": (68, 3), "irises": (IRIS_POINTS, 3), "reference_landmarks": (68, 3),
    "reference_irises": (IRIS_POINTS, 3), "rotation": (3, 3), "shift": (2,), "scale": (),
}  # fmt: skip


def read_person_contract(text: str | None, source: str) -> PersonContract:
    """Parses and checks the metadata of the network file `source`.

    Raises:
        PersonError: if it is missing, malformed, or of another version.
    """
    if text is None:
        raise PersonError(f"{source} carries no {KEY} metadata: it was not made by models.training.renderer")
    try:
        raw: Any = json.loads(text)
    except ValueError as error:
        raise PersonError(
            f"{source}: what it says of itself is not JSON ({error}); export it again"
        ) from None
    known = {f.name for f in fields(PersonContract)}
    missing = known - raw.keys() if isinstance(raw, dict) else known
    if missing:
        raise PersonError(f"{source} does not say its {', '.join(sorted(missing))}; export it again")
    for key, ours in (("version", VERSION), ("size", SIZE)):
        if raw[key] != ours:
            raise PersonError(
                f"{source} has {key} {raw[key]!r}; this facecue needs {ours!r}: train or export it for this version"
            )
    for key, shape in SHAPES.items():
        try:
            values = np.array(raw[key], np.float64)
        except (TypeError, ValueError):
            values = np.zeros(0)
        if values.shape != shape or not np.isfinite(values).all():
            raise PersonError(f"{source}: its {key} is not {shape or 'a number'}; export it again")
    return PersonContract(**{k: v for k, v in raw.items() if k in known})


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """What a painter needs to know of a person, as arrays."""

    contract: PersonContract
    camera: Camera
    neutral: Floats
    irises: Floats
    reference: Picture
    """(256, 256, 3)."""
    reference_drawing: Picture
    """(256, 256, 3)."""


def person_of(contract: PersonContract, reference: Picture) -> Person:
    """A person of what the network says and the reference picture (256, 256, 3)."""

    def floats(values: Any) -> Floats:
        return np.array(values, np.float32)

    camera = Camera(floats(contract.rotation), contract.scale, floats(contract.shift))
    landmarks, irises = floats(contract.reference_landmarks), floats(contract.reference_irises)
    drawing = drawing_of(camera, landmarks, irises, gaze=contract.gaze)
    return Person(contract, camera, floats(contract.neutral), floats(contract.irises), reference, drawing)


def drawing_of(camera: Camera, landmarks: Floats, irises: Floats, *, gaze: bool) -> Picture:
    """The drawing of landmarks (68, 3) cm and irises (10, 3) cm as a camera sees them."""
    centres, radii = iris_pixels(camera, irises)
    return drawn(camera.seen(landmarks), centres, radii if gaze else UNDRAWN)


def iris_pixels(camera: Camera, irises: Floats) -> tuple[Floats, Floats]:
    """Centres (2, 2) and radii (2,) in pixels of two irises (10, 3) cm."""
    seen = camera.seen(irises)
    radii = [float(np.linalg.norm(seen[k + 1 : k + 5] - seen[k], axis=1).mean()) for k in (0, 5)]
    return seen[[0, 5]], np.array(radii, np.float32)


def looking(irises: Floats, gaze: Floats) -> Floats:
    """Irises (10, 3) of eyes that look straight ahead → those of eyes with gaze (2, 2) radians."""
    step = np.zeros((2, 3), np.float32)
    step[:, :2] = EYEBALL_RADIUS_CM * np.sin(gaze)
    moved: Floats = irises + np.repeat(step, IRIS_POINTS // 2, axis=0)
    return moved


def read_reference(path: Path) -> Picture:
    """The reference picture.

    Raises:
        PersonError: if it is missing, too large, or not 256 × 256.
    """
    if not path.is_file():
        raise PersonError(f"{path} is not there; a person's folder holds {NETWORK} and {REFERENCE}")
    if path.stat().st_size > MAX_PICTURE_BYTES:
        raise PersonError(f"{path} has {path.stat().st_size} bytes; {MAX_PICTURE_BYTES} at most")
    try:
        with Image.open(path) as image:
            if image.size != (SIZE, SIZE):
                raise PersonError(f"{path} is {image.size[0]} × {image.size[1]}; {SIZE} × {SIZE} is needed")
            return np.asarray(image.convert("RGB"), np.uint8)
    except (OSError, Image.DecompressionBombError) as error:
        raise PersonError(f"{path} is no picture ({error})") from None
