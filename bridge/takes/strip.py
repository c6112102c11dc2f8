"""A take at a glance: a film strip (PNG) with faces, weights, emotion and waveform, and an animated GIF.

Both are drawn by `bridge.takes.drawing` and appear under their name only when complete. Their corners are
transparent, so that they sit on a light page as well as on a dark one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from bridge import landmarks as face
from bridge import look
from bridge.frames import ARKIT, EMOTIONS, RATE_HZ, Floats, RigFrame
from bridge.takes.draft import Draft
from bridge.takes.drawing import draw_face

CARD, PANEL, TEXT, MUTED, ACCENT = "#1a2033", "#262e47", "#f2f4fb", "#aab3cc", "#f2a65a"
MOOD = dict(
    zip(
        EMOTIONS,
        ("#ef6a5b", "#b58bd9", "#9cbf5a", "#8f9bea", "#f6c453", "#aab3cc", "#62a8e5", "#f28fc0"),
        strict=True,
    )
)
"""Colour of each emotion."""
FACE_PX, MARGIN_PX, LINE_PX, WAVE_PX = 176, 14, 17, 64
BARS = 4
"""Strongest weights shown below each face."""
TRANSPARENT = 255
"""Palette index of a GIF that shows what lies below: the corners, and what has not changed."""


def telling(frames: Sequence[RigFrame], count: int) -> list[RigFrame]:
    """`count` frames in order, one from each equal stretch: the one least like those chosen beside it."""
    if len(frames) <= count:
        return list(frames)
    shapes = np.stack([f.cues.landmarks for f in frames])[:, face.MOUTH + face.BROWS].reshape(len(frames), -1)
    lids = np.stack([face.lid_gap(f.cues.landmarks).mean() for f in frames])
    blinking = lids < 0.6 * np.median(lids)
    felt = np.stack([f.cues.emotion for f in frames])
    edges = np.linspace(0, len(frames), count + 1).astype(int)
    chosen: list[int] = []
    last = np.median(shapes, axis=0)
    for low, high in pairwise(edges):
        distance = np.linalg.norm(shapes[low:high] - last, axis=1)
        distance[blinking[low:high]] *= 0.5  # a strip of closed eyes tells little
        # nor does a face between two moods: the stretch's own is wanted
        distance *= felt[low:high, felt[low:high].mean(axis=0).argmax()] ** 2
        chosen.append(int(low + distance.argmax()))
        last = shapes[chosen[-1]]
    return [frames[i] for i in chosen]


def film_strip(
    frames: Sequence[RigFrame], path: Path, audio: Floats | None = None, columns: int = 8, rows: int = 1
) -> None:
    """Writes a PNG: the most telling frames with time, emotion and strongest weights, over the sound.

    Args:
        frames: the take, in order.
        path: where the picture will be.
        audio: (N,) mono at 16 kHz that begins at audio time 0.
        columns: faces in a row.
        rows: stretches of equal length, one below the other.

    Raises:
        ValueError: if there is no frame, or no face is asked for.
        OSError: if it cannot be written.
    """
    if not frames:
        raise ValueError(f"{path}: a film strip needs at least one frame; the take is empty")
    if columns < 1 or rows < 1:
        raise ValueError(f"{path}: {columns} columns and {rows} rows hold no face; give 1 or more of each")
    chosen = telling(frames, columns * rows)
    columns = min(columns, len(chosen))
    parts = [chosen[i : i + columns] for i in range(0, len(chosen), columns)]
    cell = FACE_PX + MARGIN_PX
    row_height = (
        FACE_PX + (2 + BARS) * LINE_PX + MARGIN_PX + (WAVE_PX + MARGIN_PX if audio is not None else 0)
    )
    size = (columns * cell + MARGIN_PX, len(parts) * row_height + MARGIN_PX)
    strip = Image.new("RGB", size, CARD)
    draw = ImageDraw.Draw(strip)
    ends = [
        frames[len(frames) * row // len(parts) - 1].cues.time_s + 0.01 for row in range(1, len(parts) + 1)
    ]
    start = 0.0 if audio is not None else frames[0].cues.time_s
    for row, (part, end) in enumerate(zip(parts, ends, strict=True)):
        top = MARGIN_PX + row * row_height
        for column, frame in enumerate(part):
            _cell(strip, draw, frame, MARGIN_PX + column * cell, top)
        if audio is not None:
            box = (MARGIN_PX, top + row_height - WAVE_PX - MARGIN_PX, size[0] - MARGIN_PX)
            _waveform(draw, audio, (start, end), [f.cues.time_s for f in part], box)
        start = end
    strip.putalpha(_card_mask(size))
    _save(strip, path, format="PNG", optimize=True)


def animated_gif(frames: Sequence[RigFrame], path: Path, fps: float = 12.5, size: int = 256) -> None:
    """Writes the take as a GIF that repeats for ever.

    Args:
        frames: the take, in order.
        path: where the GIF will be.
        fps: pictures a second; a GIF counts in hundredths of a second, so 12.5, 25 and 50 are exact.
        size: side in pixels.

    Raises:
        ValueError: if there is no frame, or `fps` is outside 1..50.
        OSError: if it cannot be written.
    """
    if not frames:
        raise ValueError(f"{path}: a GIF needs at least one frame; the take is empty")
    if not 1 <= fps <= 50:
        raise ValueError(f"{path}: {fps} pictures a second cannot be shown by a GIF; choose 1 to 50")
    delay_cs = round(100 / fps)
    times = np.array([f.cues.time_s for f in frames])
    ticks = np.arange(times[0], times[-1] + 1e-6, delay_cs / 100)
    shown = [frames[i] for i in np.searchsorted(times, ticks - 0.011).clip(0, len(frames) - 1)]
    palette = _palette([draw_face(f.cues, f.weights, size) for f in telling(shown, 6)])
    pictures: list[Image.Image] = []
    before: npt.NDArray[np.uint8] | None = None
    for frame in shown:
        drawn = draw_face(frame.cues, frame.weights, size)
        # no dithering: its grain would change everywhere in every picture
        flat = np.array(drawn.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE))
        flat[np.asarray(drawn)[..., 3] < 128] = TRANSPARENT
        changed = flat if before is None else np.where(flat == before, TRANSPARENT, flat).astype(np.uint8)
        picture = Image.fromarray(changed)
        picture.putpalette(palette.getpalette() or [])
        pictures.append(picture)
        before = flat
    _save(
        pictures[0],
        path,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=delay_cs * 10,
        loop=0,
        disposal=1,  # what has not changed stays
        transparency=TRANSPARENT,
        optimize=False,
    )


def _palette(examples: Sequence[Image.Image]) -> Image.Image:
    """One palette of 255 colours for all pictures of a GIF."""
    size = examples[0].width
    patch = max(8, size // 4)  # median cut would forget the iris, which is few pixels and much of the look
    sheet = Image.new("RGB", (max(size * len(examples), patch * len(look.PALETTE)), size + patch))
    for i, colour in enumerate(look.PALETTE.values()):
        sheet.paste(colour, (i * patch, size, (i + 1) * patch, size + patch))
    for i, picture in enumerate(examples):
        sheet.paste(picture.convert("RGB"), (i * size, 0))
    return sheet.quantize(TRANSPARENT, Image.Quantize.MEDIANCUT, kmeans=3)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _cell(strip: Image.Image, draw: ImageDraw.ImageDraw, frame: RigFrame, left: int, top: int) -> None:
    """One face with its time, emotion and strongest weights."""
    picture = draw_face(frame.cues, frame.weights, FACE_PX)
    strip.paste(picture, (left, top), picture)
    y = top + FACE_PX + 5
    draw.text((left + 2, y), f"{frame.cues.time_s:.2f} s", fill=TEXT, font=_font(13))
    mood = int(np.argmax(frame.cues.emotion))
    label = f"{EMOTIONS[mood]} {100 * float(frame.cues.emotion[mood]):.0f} %"
    draw.text((left + FACE_PX - 2, y), label, fill=MOOD[EMOTIONS[mood]], font=_font(13), anchor="ra")
    y += LINE_PX + 6
    half = FACE_PX * 0.7
    for i in np.argsort(-frame.weights, kind="stable")[:BARS]:
        value = float(np.clip(frame.weights[i], 0, 1))
        draw.text((left + 2, y), ARKIT[i], fill=MUTED, font=_font(11))
        draw.rounded_rectangle((left + half, y + 4, left + FACE_PX - 2, y + 9), 2, fill=PANEL)
        if value > 0.02:
            end = left + half + value * (FACE_PX - 2 - half)
            draw.rounded_rectangle((left + half, y + 4, max(end, left + half + 4), y + 9), 2, fill=ACCENT)
        y += LINE_PX - 1


def _waveform(
    draw: ImageDraw.ImageDraw,
    audio: Floats,
    span_s: tuple[float, float],
    marks_s: Sequence[float],
    box: tuple[int, int, int],
) -> None:
    """The sound of `span_s` in `box` (left, top, right), and where the faces belong."""
    left, top, right = box
    middle, width = top + WAVE_PX / 2, right - left
    draw.rounded_rectangle((left, top, right, top + WAVE_PX), 8, fill=PANEL)
    columns = np.arange(0, width - 8, 3)
    edges = (span_s[0] + (span_s[1] - span_s[0]) * np.append(columns, width - 8) / (width - 8)) * RATE_HZ
    edges = edges.astype(int).clip(0, audio.size)
    peaks = [np.abs(audio[a:b]).max(initial=0.0) for a, b in pairwise(edges)]
    loudest = max(float(np.abs(audio).max(initial=0.0)), 0.05)  # silence stays flat
    for x, peak in zip(columns, peaks, strict=True):
        height = max(1.0, (WAVE_PX / 2 - 6) * min(float(peak) / loudest, 1.0))
        draw.rectangle((left + 4 + x, middle - height, left + 5 + x, middle + height), fill=MUTED)
    for mark in marks_s:
        at = left + 4 + (width - 8) * (mark - span_s[0]) / max(span_s[1] - span_s[0], 1e-6)
        draw.line((at, top + 3, at, top + WAVE_PX - 3), fill=ACCENT, width=2)
        draw.polygon((at - 4, top, at + 4, top, at, top + 6), fill=ACCENT)


def _card_mask(size: tuple[int, int]) -> Image.Image:
    big = Image.new("L", (size[0] * 2, size[1] * 2))
    ImageDraw.Draw(big).rounded_rectangle((0, 0, size[0] * 2 - 1, size[1] * 2 - 1), 36, fill=255)
    return big.resize(size, Image.Resampling.LANCZOS)


def _save(picture: Image.Image, path: Path, **how: Any) -> None:
    """Beside the final name first: whoever lists the folder sees a whole picture or none."""
    draft = Draft(path)
    try:
        picture.save(draft.file, **how)
    except BaseException:
        draft.discard()
        raise
    draft.keep()
