"""A visible mark in a corner of a picture: these are generated."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bridge.frames import Floats
from bridge.portrait.drawing import Picture

TEXT = "synthetic"
HEIGHT_SHARE = 0.05
"""Of the picture's height."""


@cache
def _stamp(height: int, text: str) -> Floats:
    """(h, w) 0..1: the letters."""
    size = max(9, round(height * HEIGHT_SHARE))
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(image).text((1 - left, 1 - top), text, 255, font)
    return np.asarray(image, np.float32) / 255.0


def marked(picture: Picture, text: str = TEXT) -> Picture:
    """A copy with `text` in the lower right corner, light with a dark rim."""
    letters = _stamp(picture.shape[0], text)
    h, w = min(letters.shape[0], picture.shape[0]), min(letters.shape[1], picture.shape[1])
    margin = max(2, picture.shape[0] // 64)
    bottom, right = max(h, picture.shape[0] - margin), max(w, picture.shape[1] - margin)
    out: Picture = picture.copy()
    part = out[bottom - h : bottom, right - w : right].astype(np.float32)
    ink = letters[:h, :w, None]
    rim = np.zeros_like(ink)
    for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        rim = np.maximum(rim, np.roll(ink, (dy, dx), (0, 1)))
    part = part * (1 - 0.6 * rim) * (1 - 0.85 * ink) + 255.0 * 0.85 * ink
    out[bottom - h : bottom, right - w : right] = np.clip(part, 0, 255).astype(np.uint8)
    return out
