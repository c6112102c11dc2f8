"""Cues → a picture of a person: relocation, drawing, network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bridge.frames import Cues
from bridge.landmarks import neutral_face
from bridge.portrait.camera import matrix_of
from bridge.portrait.devices import AUTO, DeviceError, Runner
from bridge.portrait.drawing import Picture
from bridge.portrait.person import (
    KEY,
    MAX_NETWORK_BYTES,
    NETWORK,
    REFERENCE,
    Person,
    PersonError,
    drawing_of,
    looking,
    person_of,
    read_person_contract,
    read_reference,
)
from bridge.sinks.between import turned

HEAD_SHARE = 0.6
"""Of the head's turns and shifts: a single reference shows a face from one side only."""
_STRAIGHT = np.array([0, 0, 0, 1], np.float32)


def drawing_for(person: Person, cues: Cues, head: float = HEAD_SHARE) -> Picture:
    """(256, 256, 3): the drawing of a person who does what the cues say.

    The person's rest takes the place of the neutral face that cues are about; `head` is the share of turns and shifts.
    """
    landmarks = person.neutral + (cues.landmarks - neutral_face())
    irises = looking(person.irises, cues.gaze)
    rotation = matrix_of(turned(_STRAIGHT, cues.head_rotation, head))
    camera = person.camera.moved(rotation, cues.head_translation * np.float32(head))
    return drawing_of(camera, landmarks.astype(np.float32), irises, gaze=person.contract.gaze)


class Painter:
    """A person's network, and what it starts from; one frame at a time, without a state."""

    def __init__(self, person: Person, runner: Runner) -> None:
        self.person = person
        self.runner = runner

    @classmethod
    def load(cls, folder: Path, device: str = AUTO, threads: int | None = None) -> Painter:
        """Opens a person's folder.

        Raises:
            PersonError: if it holds none.
            DeviceError: if the device is not there.
        """
        path = folder / NETWORK
        if not path.is_file():
            raise PersonError(
                f"{path} is not there; name a folder that python -m models.training.renderer made"
            )
        size = path.stat().st_size
        if size > MAX_NETWORK_BYTES:
            raise PersonError(f"{path} has {size} bytes; a person's network has at most {MAX_NETWORK_BYTES}")
        try:
            runner = Runner(path.read_bytes(), device, threads)
        except DeviceError as error:
            raise DeviceError(f"{path}: {error}") from None
        contract = read_person_contract(runner.metadata().get(KEY), str(path))
        return cls(person_of(contract, read_reference(folder / REFERENCE)), runner)

    def __call__(self, cues: Cues, head: float = HEAD_SHARE) -> Picture:
        """(256, 256, 3) uint8."""
        return self.painted(drawing_for(self.person, cues, head))

    def painted(self, drawing: Picture) -> Picture:
        """The picture of a drawing (256, 256, 3)."""
        made = self.runner(
            {
                "drawing": drawing[None],
                "reference": self.person.reference[None],
                "reference_drawing": self.person.reference_drawing[None],
            }
        )
        picture: Picture = made[0]
        return picture
