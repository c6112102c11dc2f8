"""The head at a glance: `python -m models.evaluation.head` draws all 52 shapes, and the eight emotions as directed.

The pictures of docs/head.md. Emotions are those of the shipped network on the bundled speech, each from the moment
its face is furthest from rest.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bridge.frames import ARKIT, ARKIT_INDEX, EMOTIONS, RATE_HZ, AudioBlock, Floats, RigFrame
from bridge.head import load_head
from bridge.head.picture import Painter

FROM_THE_SIDE = (
    "jawForward",
    "tongueOut",
    "mouthPucker",
    "mouthFunnel",
    "mouthShrugLower",
    "mouthRollLower",
    "mouthRollUpper",
)
"""Shapes that move forwards or backwards are seen from the side."""
WITH_JAW = {"mouthClose": 0.6, "tongueOut": 0.2}
"""How far the jaw is open where a shape needs that."""
YAW = -0.62
CLOSE_UP = {"centre": (0.0, -1.0, 1.5), "height_cm": 20.5, "backdrop": (62, 71, 82)}
COLUMNS, CELL_PX, LABEL_PX = 9, 196, 20
BACK, TEXT = (24, 28, 36), (226, 230, 240)


def shape_weights(name: str) -> Floats:
    """(52,) the weights that show one shape."""
    weights = np.zeros(len(ARKIT), np.float32)
    weights[ARKIT_INDEX["jawOpen"]] = WITH_JAW.get(name, 0.0)
    weights[ARKIT_INDEX[name]] = WITH_JAW["mouthClose"] if name == "mouthClose" else 1.0
    return weights


def laid_out(cells: list[tuple[str, np.ndarray]], columns: int) -> Image.Image:
    """Pictures of one size in rows, each with its name below."""
    tall, wide = cells[0][1].shape[:2]
    rows = -(-len(cells) // columns)
    sheet = Image.new("RGB", (columns * wide, rows * (tall + LABEL_PX)), BACK)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for i, (name, picture) in enumerate(cells):
        x, y = i % columns * wide, i // columns * (tall + LABEL_PX)
        sheet.paste(Image.fromarray(picture), (x, y))
        draw.text((x + wide / 2, y + tall + 2), name, fill=TEXT, font=font, anchor="ma")
    return sheet


def shapes_sheet() -> Image.Image:
    """Rest and all 52 shapes at weight 1."""
    head = load_head()
    front = Painter(head, CELL_PX, **CLOSE_UP)  # type: ignore[arg-type]
    side = Painter(head, CELL_PX, yaw=YAW, **CLOSE_UP)  # type: ignore[arg-type]
    cells = [("rest", front.render()), ("rest", side.render())]
    for name in ARKIT:
        label = f"{name} + jawOpen" if name == "mouthClose" else name
        cells.append((label, (side if name in FROM_THE_SIDE else front).render(shape_weights(name))))
    return laid_out(cells, COLUMNS)


def directed(emotion: str, seconds: float = 4.0) -> list[RigFrame]:
    """Frames of the bundled speech under one direction."""
    from bridge.assembly import assemble
    from bridge.config import LiveConfig
    from bridge.sources.demo import DEMO_CLIPS, load_clip

    speech = np.concatenate([load_clip(name) for name, _ in DEMO_CLIPS])[: int(seconds * RATE_HZ)]
    pipeline = assemble(LiveConfig(), realtime=False).pipeline
    pipeline.direction.set_emotion(emotion)
    frames = []
    for i in range(0, speech.size, 1600):
        frames += pipeline.feed(AudioBlock(speech[i : i + 1600], i / RATE_HZ, time.perf_counter()))
    return frames + pipeline.flush()


def emotions_sheet(size: int = 300) -> Image.Image:
    """The eight emotions, talking and at their strongest."""
    painter = Painter(load_head(), size, centre=(0.0, -1.2, -1.0), height_cm=27.0, backdrop=(62, 71, 82))
    brows_and_lips = np.array([not n.startswith(("eye", "jaw", "tongue")) for n in ARKIT])
    lids = [ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]
    cells = []
    for emotion in EMOTIONS:
        frames = directed(emotion)[50:]
        lowered = np.array([f.weights[lids].max() for f in frames])
        strength = np.array([np.linalg.norm(f.weights[brows_and_lips]) for f in frames])
        strength[lowered > np.quantile(lowered, 0.3)] = 0  # nobody wants to be pictured blinking
        frame = frames[int(strength.argmax())]
        cues = frame.cues
        shown = painter.render(frame.weights, cues.gaze, cues.head_rotation, cues.head_translation)
        cells.append((emotion, shown))
    return laid_out(cells, 4)


def main() -> None:
    """Writes head.png and head_emotions.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs"))
    args = parser.parse_args()
    for name, sheet in (("head.png", shapes_sheet()), ("head_emotions.png", emotions_sheet())):
        path = args.out / name
        sheet.quantize(255, Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG).save(
            path, optimize=True
        )
        print(f"{path}: {sheet.width} x {sheet.height}, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
