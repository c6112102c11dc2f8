"""Which frame of a person a renderer starts from, and where that person's rest lies."""

from __future__ import annotations

import numpy as np

from bridge import landmarks as face
from bridge.portrait.person import PersonContract
from models.data.people import TRAIN, Person

CLOSED = 0.3
"""Share of frames, by lip gap, that count as closed; lids must be wider open than in the median frame."""
TURNS_COUNT = 2.0
"""What a radian of the head counts against a centimetre of the mean landmark."""


def resting(person: Person) -> np.ndarray:
    """Indices of training frames with closed lips and open eyes."""
    train = person.of(TRAIN)
    gap = face.lip_gap(person.landmarks[train])
    lids = face.lid_gap(person.landmarks[train]).mean(axis=1)
    rest = (gap <= np.quantile(gap, CLOSED)) & (lids >= np.median(lids))
    return train[rest] if rest.any() else train


def contract_for(
    person: Person, name: str, *, gaze: bool, consent: str, trained_on: str, licence: str
) -> tuple[PersonContract, int]:
    """What the person's network will say of itself, and its reference frame: the most usual one at rest."""
    rest = resting(person)
    neutral = np.median(person.landmarks[rest], axis=0)
    irises = np.median(person.irises[rest], axis=0)
    far = np.abs(person.landmarks[rest] - neutral).mean(axis=(1, 2))
    far += np.abs(person.irises[rest] - irises).mean(axis=(1, 2))
    turns = person.rotation[rest]
    far += np.abs(turns - np.median(turns, axis=0)).mean(axis=(1, 2)) * TURNS_COUNT
    chosen = int(rest[far.argmin()])

    def listed(values: np.ndarray) -> list:  # type: ignore[type-arg]
        return [[round(float(v), 5) for v in row] for row in values]

    contract = PersonContract(
        name=name,
        neutral=listed(neutral),
        irises=listed(irises),
        reference_landmarks=listed(person.landmarks[chosen]),
        reference_irises=listed(person.irises[chosen]),
        rotation=listed(person.rotation[chosen]),
        scale=float(person.scale[chosen]),
        shift=[float(v) for v in person.shift[chosen]],
        gaze=gaze,
        consent=consent,
        trained_on=trained_on,
        licence=licence,
    )
    return contract, chosen
