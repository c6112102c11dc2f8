"""Two seconds in which everything moves smoothly, each curve at a pace of its own."""

import math

import numpy as np
import pytest

from bridge.frames import ARKIT, EMOTIONS, RigFrame, frame_time_s, rest_cues
from bridge.landmarks import neutral_face
from bridge.rigs.rig import turned

FRAMES = 100


def moving(n: int) -> RigFrame:
    t = frame_time_s(n)
    emotion = np.full(len(EMOTIONS), 0.02, np.float32)
    emotion[EMOTIONS.index("happy" if t < 1.2 else "sad")] = 0.86
    cues = rest_cues(n, neutral_face()).with_(
        gaze=np.array([[0.3 * math.sin(3 * t), 0.2], [0.25 * math.sin(3 * t), -0.1 * t]], np.float32),
        head_rotation=np.array(turned(0.4 * math.sin(2 * t), 0.2 * t, -0.1 * t).rotation, np.float32),
        head_translation=np.array([t, -0.5 * t, 0.25], np.float32),
        emotion=emotion,
    )
    if n % 2:  # the same turn, written the other way round
        cues = cues.with_(head_rotation=-cues.head_rotation)
    pace = np.arange(1, len(ARKIT) + 1)
    return RigFrame(cues, (0.5 + 0.5 * np.sin(0.1 * pace * t)).astype(np.float32), 0.0)


@pytest.fixture(scope="session")
def performance() -> list[RigFrame]:
    return [moving(n) for n in range(FRAMES)]
