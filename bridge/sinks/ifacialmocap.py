"""`ifacialmocap://HOST[:PORT][,...]`: the text that the iFacialMocap app sends, for VMagicMirror, VSeeFace and others.

One packet a frame, ASCII: `trackingStatus-1|NAME-VALUE|...|=head#rx,ry,rz,px,py,pz|rightEye#rx,ry,rz|leftEye#...|`.
Values are whole hundredths, angles degrees about ARKit's axes (x down, y to the subject's left, z left side up),
the position metres from rest. With `?version=2` an `&` stands in place of `-`, as receivers get that ask the
app for `sendDataVersion=v2`.

Receivers take a packet that is identical to the one before for a lost face, and a face at rest is identical:
so the last digit of pz, a millionth of a metre, counts packets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bridge.address import check_options, endpoints, one_of
from bridge.arkit import SHORT_NAMES, Angles, angles
from bridge.frames import RigFrame
from bridge.sinks.datagram import DatagramSink

PORT = 49983
JOINTS = {"1": "-", "2": "&"}
"""What stands between a name and its value, by version."""
_POSE = "=head#%.4f,%.4f,%.4f,%.6f,%.6f,%.5f%d|rightEye#%.4f,%.4f,%.4f|leftEye#%.4f,%.4f,%.4f|"


class IFacialMocapSink(DatagramSink):
    """Sends each frame as one line of text to every receiver."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], actor: str) -> None:
        check_options(uri, options, ("version",))
        joint = JOINTS[one_of(uri, options, "version", tuple(JOINTS))]
        super().__init__(uri, endpoints(uri, address, default_port=PORT))
        self.actor = actor
        shapes = "".join([f"{name}{joint}%d|" for name in SHORT_NAMES])
        self._text = f"trackingStatus{joint}1|{shapes}{_POSE}"
        self._count = 0

    def packets(self, frame: RigFrame) -> list[bytes]:
        """The one datagram of a frame; never the same twice in a row."""
        head, left, right = angles(frame.cues)
        x, y, z = (frame.cues.head_translation * 0.01).tolist()
        # v1 cannot say a negative number: the minus would be taken for the joint
        hundredths = np.rint(np.minimum(np.maximum(frame.weights, 0.0), 1.0) * 100.0).astype(np.int32)
        self._count = (self._count + 1) % 10
        numbers = (
            *hundredths.tolist(), *_degrees(head), x, y, z, self._count, *_degrees(right), *_degrees(left)
        )  # fmt: skip
        return [(self._text % numbers).encode("ascii")]


def _degrees(turned: Angles) -> Angles:
    """About x, y and z, in degrees."""
    yaw, pitch, roll = turned
    return math.degrees(pitch), math.degrees(yaw), math.degrees(roll)
