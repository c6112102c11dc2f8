"""What a renderer is taught on: a frame of a person, another of the same clip as reference, and where the face is."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bridge.landmarks import EYES, MOUTH
from bridge.portrait.drawing import SIZE, drawn
from bridge.portrait.person import UNDRAWN, iris_pixels
from models.data.people import Person

WAVER_PX = 0.35
"""Deviation of what is added to landmarks: trackers waver, and cues are not tracked."""
CROP_SHARES = (0.4, 0.65)
"""Crops up to the first share show the mouth, up to the second the eyes, the others anything."""
AHEAD = 8
"""Batches that are made before they are needed."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """B frames."""

    given: Tensor
    """(B, 9, S, S) in 0..1: drawing, reference, reference's drawing."""
    wanted: Tensor
    """(B, 3, S, S) in 0..1."""
    weight: Tensor
    """(B, 1, S, S): what a pixel counts, mean 1 over a whole picture."""


def tensor(picture: npt.NDArray[np.uint8]) -> Tensor:
    """(H, W, C) uint8 → (C, H, W) in 0..1."""
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))).float() / 255


def weights_of(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(256, 256), mean 1: the mouth counts five times and the eyes three times what the rest does."""
    y, x = np.ogrid[:SIZE, :SIZE]
    found = np.ones((SIZE, SIZE), np.float32)
    for region, more in ((MOUTH, 4.0), (EYES, 2.0)):
        part = points[list(region)]
        middle, reach = (part.min(0) + part.max(0)) / 2, (np.ptp(part, axis=0) / 2 + 10.0)
        inside = ((x - middle[0]) / reach[0]) ** 2 + ((y - middle[1]) / reach[1]) ** 2
        found += more * np.clip(1.5 - inside, 0, 1).astype(np.float32)
    weights: npt.NDArray[np.float32] = found / found.mean()
    return weights


class Lessons:
    """Endless batches of the frames of one split, drawn in a thread of its own.

    Args:
        person: whose.
        indices: frames to choose from.
        size: of a batch.
        side: of the square cut out of each picture, up to 256.
        gaze: whether irises are drawn.
        seed: of the choice.
    """

    def __init__(
        self, person: Person, indices: npt.NDArray[np.intp], size: int, side: int, *, gaze: bool, seed: int
    ) -> None:
        self._person, self._indices, self._size, self._side, self._gaze = person, indices, size, side, gaze
        self._rng = np.random.default_rng(seed)
        self._of_clip = {int(k): indices[person.clip[indices] == k] for k in np.unique(person.clip[indices])}
        self._made: queue.Queue[Batch] = queue.Queue(AHEAD)
        threading.Thread(target=self._make, name="facecue-lessons", daemon=True).start()

    def __iter__(self) -> Iterator[Batch]:
        while True:
            yield self._made.get()

    def _make(self) -> None:
        while True:
            chosen = self._rng.choice(self._indices, self._size)
            self._made.put(self._batch(chosen))

    def _batch(self, chosen: npt.NDArray[np.intp]) -> Batch:
        given, wanted, weight = [], [], []
        for i in chosen:
            reference = int(self._rng.choice(self._of_clip[int(self._person.clip[i])]))
            drawing, points = self._drawing(int(i))
            y, x = self._corner(points)
            cut = (slice(y, y + self._side), slice(x, x + self._side))
            seen = (drawing, self._person.frames[reference], self._drawing(reference)[0])
            given.append(torch.cat([tensor(picture[cut]) for picture in seen]))
            wanted.append(tensor(self._person.frames[i][cut]))
            weight.append(torch.from_numpy(weights_of(points)[cut])[None])
        return Batch(torch.stack(given), torch.stack(wanted), torch.stack(weight))

    def _corner(self, points: npt.NDArray[np.float32]) -> tuple[int, int]:
        """Top and left of a crop."""
        room, drawn_lot = SIZE - self._side, self._rng.random()
        if drawn_lot > CROP_SHARES[1]:
            y, x = self._rng.integers(0, room + 1, 2)
            return int(y), int(x)
        region = MOUTH if drawn_lot < CROP_SHARES[0] else EYES
        middle = points[list(region)].mean(0) + self._rng.uniform(-self._side / 4, self._side / 4, 2)
        x, y = np.clip(middle - self._side / 2, 0, room).astype(int)
        return int(y), int(x)

    def _drawing(self, i: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
        camera = self._person.camera(i)
        points = camera.seen(self._person.landmarks[i])
        wavering = points + self._rng.normal(0, WAVER_PX, points.shape).astype(np.float32)
        centres, radii = iris_pixels(camera, self._person.irises[i])
        return drawn(wavering, centres, radii if self._gaze else UNDRAWN), points
