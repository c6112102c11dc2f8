"""`openseeface://HOST[:PORT][,...]`: the packet of the OpenSeeFace tracker, for VSeeFace and OpenSee in Unity.

One packet of 1785 bytes a frame, little-endian: time, face id, picture size, eye openness (right, left), success
and error of the fit, pose, and for each point its confidence, place in the picture and place in 3D, then 14
features. Points are those of OpenSeeFace: iBUG-68 without the inner mouth corners, the mouth in another order,
then the pupils and the eyeballs' centres, right before left.

The tracker's model has +x at the subject's *right*, +y up and +z out of the face, and sends (x, -y, -z). Its
picture's rows come before its columns, and the pose it solves lies behind the camera (depth is negative), which
makes the face's turn

    R = Q·H·F,   Q: (x, y, z) → (y, -x, -z),   F: (x, y, z) → (-x, y, z)

for a head turned by H in our axes; the quaternion is that of R transposed. Hence a resting face has Euler angles
(±180, 0, 90)°. Receivers look at what has changed since they were calibrated, so the camera's distance matters
little.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from datetime import datetime, timezone

import numpy as np

from bridge.address import check_options, endpoints
from bridge.frames import ARKIT, ARKIT_INDEX, Floats, RigFrame
from bridge.landmarks import neutral_face
from bridge.sinks.datagram import DatagramSink

PORT = 11573
SIZE = 1785
"""Bytes of a packet with one face."""
PICTURE = 640.0
"""Width and height in pixels of the picture that this face would be seen in; also the focal length, as there."""
CAMERA_CM = 60.0
"""Distance of that camera from the resting head's origin."""
EYEBALL = 0.385
"""An eyeball's radius over the distance of its eye's corners, as OpenSeeFace has it."""
MODEL_EYES = 0.63181
"""Distance of the outer eye corners in OpenSeeFace's model: its unit is about 14 cm."""

POINTS = np.array([*range(48), 49, 50, 51, 52, 53, 55, 56, 57, 58, 59, 48, 61, 62, 63, 54, 65, 66, 67])
"""iBUG-68 numbers of the tracker's points 0..65: from 48 on upper lip, lower lip, right corner, the upper lip's
inner edge, left corner, the lower lip's inner edge."""
NOSE = 30
"""The tip of the nose, origin of the tracker's model."""

FEATURES: dict[str, dict[str, float]] = {
    "eye_l": {"eyeWideLeft": 1.0, "eyeBlinkLeft": -1.0},
    "eye_r": {"eyeWideRight": 1.0, "eyeBlinkRight": -1.0},
    "eyebrow_steepness_l": {"browInnerUp": 1.0, "browOuterUpLeft": -0.5, "browDownLeft": -1.0},
    "eyebrow_updown_l": {"browInnerUp": 0.5, "browOuterUpLeft": 0.5, "browDownLeft": -1.0},
    "eyebrow_quirk_l": {"browOuterUpLeft": 1.0, "browDownLeft": -0.5},
    "eyebrow_steepness_r": {"browInnerUp": 1.0, "browOuterUpRight": -0.5, "browDownRight": -1.0},
    "eyebrow_updown_r": {"browInnerUp": 0.5, "browOuterUpRight": 0.5, "browDownRight": -1.0},
    "eyebrow_quirk_r": {"browOuterUpRight": 1.0, "browDownRight": -0.5},
    "mouth_corner_updown_l": {"mouthFrownLeft": 1.0, "mouthSmileLeft": -1.0},
    "mouth_corner_inout_l": {
        "mouthStretchLeft": 1.0, "mouthSmileLeft": 0.7, "mouthDimpleLeft": 0.5,
        "mouthPucker": -1.0, "mouthFunnel": -0.5,
    },
    "mouth_corner_updown_r": {"mouthFrownRight": 1.0, "mouthSmileRight": -1.0},
    "mouth_corner_inout_r": {
        "mouthStretchRight": 1.0, "mouthSmileRight": 0.7, "mouthDimpleRight": 0.5,
        "mouthPucker": -1.0, "mouthFunnel": -0.5,
    },
    "mouth_open": {
        "jawOpen": 2.0, "mouthClose": -2.0, "mouthFunnel": 0.2,
        "mouthLowerDownLeft": 0.3, "mouthLowerDownRight": 0.3, "mouthUpperUpLeft": 0.2, "mouthUpperUpRight": 0.2,
    },
    "mouth_wide": {
        "mouthStretchLeft": 0.5, "mouthStretchRight": 0.5, "mouthSmileLeft": 0.35, "mouthSmileRight": 0.35,
        "mouthDimpleLeft": 0.25, "mouthDimpleRight": 0.25, "mouthPucker": -1.0, "mouthFunnel": -0.5,
    },
}  # fmt: skip
"""Each feature as a sum of weights, cut to -1..1; 0 is the resting face. The tracker measures them against what
it has seen of a person: + is wide open, inner end of the brow up, brow up, brow arched, mouth corner *down*,
corner outward, mouth open, mouth wide."""

_HEAD = struct.Struct("<di4fBf4f3f3f")
_CONFIDENCE = np.ones(68, "<f4").tobytes()
_TABLE = np.zeros((len(FEATURES), len(ARKIT)), np.float32)
for _row, _sum in zip(_TABLE, FEATURES.values(), strict=True):
    for _name, _factor in _sum.items():
        _row[ARKIT_INDEX[_name]] = _factor
_BLINKS = (ARKIT_INDEX["eyeBlinkRight"], ARKIT_INDEX["eyeBlinkLeft"])


class OpenSeeFaceSink(DatagramSink):
    """Sends each frame as one packet to every receiver."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], actor: str) -> None:
        check_options(uri, options, ())
        super().__init__(uri, endpoints(uri, address, default_port=PORT))
        self.actor = actor
        # receivers drop what is older than the last they saw, also what they saw before a restart
        self._began_s = datetime.now(timezone.utc).timestamp()  # of the calendar: nothing is measured with it
        neutral = neutral_face()
        corners = neutral[[[36, 39], [42, 45]]]  # (right and left, outer or inner, 3)
        self._eyeballs = corners.mean(1)
        self._radii = EYEBALL * np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1)
        self._eyeballs[:, 2] -= self._radii
        self._unit = MODEL_EYES / float(np.linalg.norm(neutral[36] - neutral[45]))

    def packets(self, frame: RigFrame) -> list[bytes]:
        """The one datagram of a frame."""
        cues, weights = frame.cues, frame.weights
        points = np.empty((70, 3), np.float32)
        points[:66] = cues.landmarks[POINTS]
        points[68:] = self._eyeballs
        points[66:68] = self._eyeballs + self._sight(cues.gaze)
        turn, quaternion, euler = _pose(cues.head_rotation)
        posed = points[:68] @ turn.T + cues.head_translation
        right, up, out = posed[NOSE].tolist()
        unit = self._unit
        blinks = [min(max(1.0 - float(weights[i]), 0.0), 1.0) for i in _BLINKS]
        head = _HEAD.pack(
            self._began_s + cues.time_s, 0, PICTURE, PICTURE, *blinks, 1, 0.0, *quaternion, *euler,
            unit * up, unit * -right, unit * (out - CAMERA_CM),
        )  # fmt: skip
        seen = np.empty((68, 2), "<f4")
        scale = PICTURE / np.maximum(CAMERA_CM - posed[:, 2], 1.0)
        seen[:, 0] = PICTURE / 2 + scale * posed[:, 0]
        seen[:, 1] = PICTURE / 2 - scale * posed[:, 1]
        solid = ((points[NOSE] - points) * np.float32(unit)).astype("<f4", copy=False)
        features = np.minimum(np.maximum(_TABLE @ weights, -1.0), 1.0).astype("<f4", copy=False)
        return [head + _CONFIDENCE + seen.tobytes() + solid.tobytes() + features.tobytes()]

    def _sight(self, gaze: Floats) -> Floats:
        """(2, 3) cm from the eyeballs' centres to the pupils."""
        sight = np.empty((2, 3), np.float32)
        for row, (yaw, pitch), radius in zip(sight, gaze.tolist(), self._radii.tolist(), strict=True):
            flat = radius * math.cos(pitch)
            row[:] = flat * math.sin(yaw), radius * math.sin(pitch), flat * math.cos(yaw)
        return sight


def _pose(rotation: Floats) -> tuple[Floats, tuple[float, ...], tuple[float, ...]]:
    """H (3, 3), the quaternion xyzw of R transposed, and R's Euler angles in degrees, of a unit quaternion."""
    x, y, z, w = rotation.tolist()
    if w < 0.0:
        x, y, z, w = -x, -y, -z, -w
    h = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    half = math.sqrt(0.5)  # the resting pose is half a turn about (1, 1, 0)
    quaternion = (half * (w - z), half * (w + z), -half * (x + y), half * (x - y))
    euler = (
        math.degrees(math.atan2(-h[2][1], -h[2][2])),
        math.degrees(math.asin(max(-1.0, min(1.0, -h[2][0])))),
        math.degrees(math.atan2(h[0][0], -h[1][0])),
    )
    return np.array(h, np.float32), quaternion, euler
