"""`livelink://HOST[:PORT][,...]`: what the Live Link Face app sends, for Unreal and all that listens to that app.

One packet a frame, big-endian: version, device, subject, frame time, and 61 numbers: the 52 shapes in the
order of the app's packets (its recordings swap two pairs) and nine angles in radians, signs as in
`bridge.arkit`. Options:

* `name`: the subject as Unreal lists it (the actor's name). Some readers of the app take packets of 312 bytes
  only: give them a name of six characters, such as `iPhone`.
* `device`: a UUID; unless given, one made from the actor's name, the same on every day and machine.
* `fps`: 60 (default, the app's) or 50 frames a second in which the time is told; how often packets come is
  not changed by it.
"""

from __future__ import annotations

import math
import struct
import uuid
from collections.abc import Mapping

import numpy as np

from bridge.address import check_options, endpoints, one_of
from bridge.arkit import angles
from bridge.frames import ARKIT_INDEX, RigFrame
from bridge.sinks import SinkError
from bridge.sinks.datagram import DatagramSink
from bridge.sinks.osc_packet import big_endian

PORT = 11111
VERSION = 6
"""Version of the packet, its first byte."""
RATES = ("60", "50")
NAME_LIMIT = 64
"""Characters of a subject's name; each is one byte on this wire."""
FRAME_MASK = 0x7FFF_FFFF
"""Frame numbers have 31 bits: at 60 a second they begin again after 414 days."""

SHAPES = (
    *(f"eye{name}{side}" for side in ("Left", "Right")
      for name in ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide")),
    "jawForward", "jawLeft", "jawRight", "jawOpen",
    "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight",
    *(f"mouth{name}{side}" for name in ("Smile", "Frown", "Dimple", "Stretch") for side in ("Left", "Right")),
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    *(f"mouth{name}{side}" for name in ("Press", "LowerDown", "UpperUp") for side in ("Left", "Right")),
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""The 52 shapes in the order of a packet; nine angles follow them: head, left eye, right eye."""
_ORDER = np.array([ARKIT_INDEX[name] for name in SHAPES])
_TIME = struct.Struct(">ifiiB")  # frame, sub-frame, rate over 1, count of numbers
_ANGLES = struct.Struct(">9f")
COUNT = len(SHAPES) + 9  # 61


class LiveLinkSink(DatagramSink):
    """Sends each frame as one packet to every receiver."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], actor: str) -> None:
        check_options(uri, options, ("name", "device", "fps"))
        name, device = options.get("name", actor), options.get("device", device_of(actor))
        if not 1 <= len(name) <= NAME_LIMIT or not all(" " <= c <= "~" for c in name):
            raise SinkError(
                f"{uri}: the subject's name {name!r} cannot be sent; "
                f"give name= with 1 to {NAME_LIMIT} ASCII characters"
            )
        if not _is_uuid(device):
            raise SinkError(f"{uri}: device={device} is no UUID of 36 characters, such as {device_of(actor)}")
        self._rate = int(one_of(uri, options, "fps", RATES))
        super().__init__(uri, endpoints(uri, address, default_port=PORT))
        self._head = bytes([VERSION]) + _text(device) + _text(name)

    def packets(self, frame: RigFrame) -> list[bytes]:
        """The one datagram of a frame."""
        number, part = _frame_time(frame.cues.time_s, self._rate)
        head, left, right = angles(frame.cues)
        return [
            self._head
            + _TIME.pack(number & FRAME_MASK, part, self._rate, 1, COUNT)
            + big_endian(frame.weights[_ORDER])
            + _ANGLES.pack(*head, *left, *right)
        ]


def device_of(actor: str) -> str:
    """The UUID (36 characters) that an actor has unless the URI names one."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"facecue:{actor}"))


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _text(text: str) -> bytes:
    """Length as int32, then one byte a character."""
    return struct.pack(">i", len(text)) + text.encode("ascii")


def _frame_time(time_s: float, rate: int) -> tuple[int, float]:
    """Whole frames since the stream began, and the part of the next, 0 ≤ part < 1 also as a float32."""
    part, number = math.modf(time_s * rate)
    if part >= 1.0 - 2.0**-25:  # would be rounded up to 1
        return int(number) + 1, 0.0
    return int(number), part
