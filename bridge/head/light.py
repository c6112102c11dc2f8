"""How a posed head is lit: a key light from the left of the picture, a cool fill, a rim from behind, sky and ground.

Colours are worked out at the vertices, in linear light; the painter only interpolates. Knows nothing of pixels.
"""

from __future__ import annotations

import numpy as np

from bridge.frames import Floats
from bridge.head.model import Head

KEY = np.array([-0.50, 0.58, 0.72], np.float32)
FILL = np.array([0.80, 0.08, 0.60], np.float32)
RIM = np.array([0.35, 0.45, -0.85], np.float32)
"""Where light comes from, seen by the camera."""
KEY_COLOUR = np.array([1.06, 0.99, 0.92], np.float32)
FILL_COLOUR = np.array([0.27, 0.31, 0.36], np.float32)
RIM_COLOUR = np.array([0.17, 0.18, 0.20], np.float32)
SKY = np.array([0.22, 0.24, 0.27], np.float32)
GROUND = np.array([0.15, 0.12, 0.11], np.float32)
WRAP = 0.28
"""How far light creeps around a form: clay, not metal."""
SUBSURFACE = np.array([0.10, 0.02, 0.01], np.float32)
"""Red that skin shows where light fades."""
GAMMA = 2.2


def _unit(direction: Floats) -> Floats:
    unit: Floats = direction / np.float32(np.linalg.norm(direction))
    return unit


class Light:
    """Colours of one head's vertices for any pose."""

    def __init__(self, head: Head) -> None:
        """Reads colours and parts of `head`."""
        count = len(head.vertices)
        paint, seen = np.zeros((count, 3), np.float32), np.zeros((count, 1), np.float32)
        self._gloss = np.zeros((count, 1), np.float32)
        self._glow = np.zeros((count, 1), np.float32)
        self._skin = np.zeros((count, 1), np.float32)
        for part in head.parts:
            corners = head.triangles_of(part).ravel()
            np.add.at(paint, corners, np.float32(np.array(part.rgba[:3]) ** GAMMA))
            np.add.at(seen, corners, 1)
            self._gloss[corners] = part.smoothness
            self._glow[corners] = part.glow
            if part.name in ("skin", "lips", "ears"):
                self._skin[corners] = 1
        self._paint = np.asarray(paint / np.maximum(seen, 1) * head.colour, np.float32)
        self._paint_key = self._paint * KEY_COLOUR
        self._open = head.colour.min(axis=1, keepdims=True) ** 2  # hollows see no light from behind
        self._power = np.where(self._gloss > 0.55, 60, 22).astype(np.float32)
        self._gloss = 0.30 * self._gloss**1.6 * self._open
        balls = [p for p in head.parts if p.turns]
        # lids throw a shadow on the upper part of each ball
        self._balls = np.unique(np.concatenate([head.triangles_of(p) for p in balls]))
        middle = head.eyes[(head.vertices[self._balls, 0] > 0).astype(int)]
        self._ball_centre = middle
        self._radius = head.eye_radius

    def shade(self, normals: Floats, ball_height: Floats) -> Floats:
        """(V, 3) 0..255 sRGB.

        Args:
            normals: (V, 3) as the camera sees them: x right, y up, z towards it.
            ball_height: (B,) height of each eyeball vertex over its centre, in radii, in the head's frame.
        """
        key = np.clip((normals @ _unit(KEY) + WRAP) / (1 + WRAP), 0, 1)[:, None]
        fill = np.clip((normals @ _unit(FILL) + 0.4) / 1.4, 0, 1)[:, None]
        rim = np.clip(normals @ _unit(RIM), 0, 1)[:, None]
        up = normals[:, 1:2] * np.float32(0.5) + np.float32(0.5)
        around = GROUND + up * (SKY - GROUND) + fill * FILL_COLOUR
        colour = self._paint_key * key + self._paint * around + rim * self._open * RIM_COLOUR
        fading = key * (1 - key)
        colour += self._skin * fading * SUBSURFACE
        half = _unit(_unit(KEY) + np.array([0, 0, 1], np.float32))
        colour += self._gloss * np.clip(normals @ half, 0, 1)[:, None] ** self._power
        shadow = 1 - 0.5 * np.clip((ball_height + 0.02) / 0.42, 0, 1)
        colour[self._balls] *= shadow[:, None]
        colour += self._glow * (1 - colour)
        shown: Floats = 255 * np.clip(colour / (1 + 0.12 * colour), 0, 1) ** np.float32(1 / GAMMA)
        return shown

    def ball_heights(self, vertices: Floats) -> Floats:
        """(B,) of `shade`, for vertices (V, 3) before the head turns."""
        heights: Floats = (vertices[self._balls, 1] - self._ball_centre[:, 1]) / self._radius
        return heights
