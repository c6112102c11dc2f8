"""Pictures of the head without a display: pose → (H, W, 3). Needs numba (extra `studio`).

    painter = Painter(load_head(), size=640)
    rgb = painter.render(weights, gaze, rotation, translation)

Knows nothing of time, audio or files.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt

from bridge.frames import Floats
from bridge.head.light import Light
from bridge.head.model import Head
from bridge.head.raster import Canvas

CENTRE = (0.0, -2.2, -2.0)
"""What the camera looks at, cm."""
HEIGHT_CM = 34.0
"""What a picture shows at that distance, from top to bottom."""
DISTANCE_CM = 75.0
"""Of the camera from there."""
MIDDLE, EDGE = np.array([104.0, 116.0, 128.0]), np.array([44.0, 50.0, 60.0])
"""Background, sRGB."""


class Painter:
    """Draws one head at one size; keeps its buffers between pictures."""

    def __init__(
        self,
        head: Head,
        size: int | tuple[int, int] = 640,
        *,
        yaw: float = 0.0,
        pitch: float = 0.0,
        centre: tuple[float, float, float] = CENTRE,
        height_cm: float = HEIGHT_CM,
        backdrop: tuple[int, int, int] | None = None,
    ) -> None:
        """Prepares a view.

        Args:
            head: whom to draw.
            size: side in pixels, or (height, width).
            yaw: radians the camera goes round the head, + towards its left.
            pitch: radians the camera rises.
            centre: what it looks at, cm, head frame.
            height_cm: what the picture shows from top to bottom.
            backdrop: one sRGB colour behind the head; a soft light by default.

        Raises:
            ImportError: if numba is missing.
            ValueError: if a side is under 16 pixels.
        """
        tall, wide = (size, size) if isinstance(size, int) else size
        if min(tall, wide) < 16:
            raise ValueError(f"a picture of {wide} × {tall} pixels shows nothing; 16 is the smallest side")
        self._head, self._light = head, Light(head)
        self._size = (tall, wide)
        self._centre = np.array(centre, np.float32)
        self._scale = tall / height_cm
        self._canvas = Canvas(background(tall, wide, backdrop))
        c, s, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
        round_ = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
        rise = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        self._camera = np.asarray((rise @ round_).T, np.float32)

    def render(
        self,
        weights: Floats | None = None,
        gaze: Floats | None = None,
        rotation: Floats | None = None,
        translation: Floats | None = None,
    ) -> npt.NDArray[np.uint8]:
        """(H, W, 3) sRGB of a pose; arguments as those of `Head.pose`."""
        still = self._head.pose(weights, gaze)
        heights = self._light.ball_heights(still)
        if rotation is None and translation is None:
            return self.draw(still, heights)
        return self.draw(self._head.pose(weights, gaze, rotation, translation), heights)

    def draw(self, vertices: Floats, ball_heights: Floats | None = None) -> npt.NDArray[np.uint8]:
        """(H, W, 3) sRGB of vertices (V, 3) cm, posed by somebody else."""
        head = self._head
        if ball_heights is None:
            ball_heights = self._light.ball_heights(vertices)
        seen = (vertices - self._centre) @ self._camera
        normals = head.surface.normals(vertices) @ self._camera
        nearness = np.float32(DISTANCE_CM) / (np.float32(DISTANCE_CM) - seen[:, 2])
        tall, wide = self._size
        screen = np.empty(seen.shape, np.float32)
        screen[:, 0] = wide / 2 - 0.5 + seen[:, 0] * nearness * self._scale
        screen[:, 1] = tall / 2 - 0.5 - seen[:, 1] * nearness * self._scale
        screen[:, 2] = nearness
        return self._canvas.draw(screen, head.triangles, self._light.shade(normals, ball_heights))


def background(tall: int, wide: int, backdrop: tuple[int, int, int] | None = None) -> npt.NDArray[np.uint8]:
    """(H, W, 3) one colour, or a soft light behind the head."""
    if backdrop is not None:
        return np.full((tall, wide, 3), backdrop, np.uint8)
    y, x = np.mgrid[0:tall, 0:wide]
    off = ((x / wide - 0.5) ** 2 + (y / tall - 0.42) ** 2)[..., None]
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (tall, wide, 1))  # no bands in the gradient
    shown: npt.NDArray[np.uint8] = (EDGE + (MIDDLE - EDGE) * np.exp(-3.2 * off) + 0.5 + noise).astype(
        np.uint8
    )
    return shown


def png(picture: npt.NDArray[np.uint8]) -> bytes:
    """A picture (H, W, 3) as a PNG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
