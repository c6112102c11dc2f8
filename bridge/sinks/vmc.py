"""`vmc://HOST[:PORT][,...]`: Virtual Motion Capture Protocol 3.1, for VSeeFace, VNyan, Warudo, EVMC4U.

A frame is OK, T, the bones Neck, Head, LeftEye and RightEye, the expressions, the emotion under `/VMC/Thru`
(VMC has no word for it) and `Apply`, in that order, over as many bundles as packets of 1500 bytes ask for;
`Apply` is the last message of the last one. The third role, the marionette's, is that of who listens:
`bridge.trackers.vmc`. Options:

* `names`: what expressions are called. `perfectsync` (default: `jawOpen`), `PerfectSync` (`JawOpen`),
  `vrm0` (`A`, `Joy`), `vrm1` (`aa`, `happy`).
* `rig`: a rig (`bridge.sinks.rigging`) whose curves are the expressions, under its names, instead of `names`. Its bones
  are sent as bones; where it turns the head or the neck, or an eye, those of the sink's own are not.
* `role`: `assistant` (default) speaks to a performer, such as VSeeFace, port 39540 unless given, and says where the
  eyes look as a place before the head too (`/VMC/Ext/Set/Eye`: what a performer is told of eyes); `performer`
  speaks to a marionette, such as EVMC4U, port 39539, and sends a resting Root.
* `body`: what a performer makes of the bones below the neck: `none` (default: they are not sent), `stand` (arms down)
  or `tpose`. A marionette that nobody else moves asks for one of them.
* `neck`: share of the head's turn that the neck makes, 0..1 (0.3).
* `eyes`: share of the gaze that the eye bones make, 0..1 (1); 0 leaves them out.

The head's shift is sent as the Head bone's position, in metres from rest: receivers that take bone positions
for the skeleton's own must be told not to (EVMC4U: "Bone Position Synchronize" off).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bridge.address import check_options, endpoints, number, one_of
from bridge.frames import ARKIT, EMOTIONS, Cues, Floats, RigFrame
from bridge.rest import scaled_rotation
from bridge.sinks import SinkError
from bridge.sinks.datagram import DatagramSink
from bridge.sinks.humanoid import BODIES
from bridge.sinks.osc_packet import Template, big_endian, bundles, message
from bridge.sinks.rigging import rig_of
from bridge.sinks.unity import Quaternion, eye_rotation, unity_position, unity_rotation

if TYPE_CHECKING:
    from bridge.rigs import Rig

NAMES = ("perfectsync", "PerfectSync", "vrm0", "vrm1")
PORTS = {"assistant": 39540, "performer": 39539}
"""Port of the peer that each role speaks to, when the URI names none."""
NECK_SHARE = 0.3
"""People turn the upper neck by about a third of what the face turns."""
IDENTITY: Quaternion = (0.0, 0.0, 0.0, 1.0)
NOWHERE = (0.0, 0.0, 0.0)
GAZE_M = 10.0
"""How far before the head the place lies that eyes look at: from there a head's bone and its eyes differ by 0.4°."""
POSE = "f" * 7  # position xyz, quaternion xyzw
READY = message("/VMC/Ext/OK", 1, 3, 0, 1)  # avatar loaded, calibrated, mode normal, tracking well
APPLY = message("/VMC/Ext/Blend/Apply")
ENABLED = (1).to_bytes(4, "big")


class VmcSink(DatagramSink):
    """Sends each frame as VMC bundles to every receiver."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], actor: str) -> None:
        check_options(uri, options, ("names", "rig", "role", "body", "neck", "eyes"))
        role = one_of(uri, options, "role", tuple(PORTS))
        body = BODIES[one_of(uri, options, "body", tuple(BODIES))]
        if body and role != "performer":
            raise SinkError(f"{uri}: a body is a performer's; add role=performer, or leave body= out")
        self._rig = rig = rig_of(uri, options)
        if rig is not None and "names" in options:
            raise SinkError(f"{uri}: names= and rig= both say what expressions are called; keep one")
        names, self._values = (
            _expressions(uri, one_of(uri, options, "names", NAMES)) if rig is None else _curves(rig)
        )
        self._neck_share = number(uri, options, "neck", default=NECK_SHARE)
        self._eye_share = number(uri, options, "eyes", default=1.0)
        super().__init__(uri, endpoints(uri, address, default_port=PORTS[role]))
        self.actor = actor
        turned = set() if rig is None else set(rig.bone_names)
        self._own_head = turned.isdisjoint(("Neck", "Head"))
        self._own_eyes = self._eye_share > 0.0 and turned.isdisjoint(("LeftEye", "RightEye"))
        self._expressions = [Template("/VMC/Ext/Blend/Val", name, numbers="f") for name in names]
        self._time = Template("/VMC/Ext/T", numbers="f")
        self._bones = {
            name: Template("/VMC/Ext/Bone/Pos", name, numbers=POSE)
            for name in {"Neck", "Head", "LeftEye", "RightEye", *turned, *body}
        }
        self._emotions = [Template("/VMC/Thru/facecue/emotion", name, numbers="f") for name in EMOTIONS]
        self._target = Template("/VMC/Ext/Set/Eye", numbers="ifff") if role == "assistant" else None
        root = Template("/VMC/Ext/Root/Pos", "root", numbers=POSE)
        self._standing = [root(big_endian(NOWHERE + IDENTITY))] if role == "performer" else []
        own = {
            "Head": self._own_head,
            "Neck": self._own_head and self._neck_share > 0.0,
            "LeftEye": self._own_eyes,
            "RightEye": self._own_eyes,
        }
        moved = turned | {name for name, moves in own.items() if moves}
        self._standing += [
            self._bones[name](big_endian(NOWHERE + turn)) for name, turn in body.items() if name not in moved
        ]

    def packets(self, frame: RigFrame) -> list[bytes]:
        """The datagrams of one frame, in the order they are sent."""
        cues = frame.cues
        messages = [READY, self._time(big_endian(cues.time_s)), *self._standing, *self._pose(cues)]
        if self._rig is not None:
            messages += self._turns(self._rig, frame)
        values = self._values(frame)
        messages += [t(values[4 * i : 4 * i + 4]) for i, t in enumerate(self._expressions)]
        emotion = big_endian(cues.emotion)
        messages += [t(emotion[4 * i : 4 * i + 4]) for i, t in enumerate(self._emotions)]
        messages.append(APPLY)
        return bundles(messages)

    def _pose(self, cues: Cues) -> list[bytes]:
        messages = []
        if self._own_head:
            turn = _quaternion(cues.head_rotation)
            if self._neck_share > 0.0:
                # the same axis: neck and head add up to the whole turn
                neck = scaled_rotation(cues.head_rotation, self._neck_share)
                turn = _quaternion(scaled_rotation(cues.head_rotation, 1.0 - self._neck_share))
                messages.append(self._bone("Neck", _quaternion(neck)))
            messages.append(self._bone("Head", turn, _shift(cues)))
        if self._own_eyes:
            gaze = cues.gaze.tolist()
            for bone, (yaw, pitch) in zip(("RightEye", "LeftEye"), gaze, strict=True):
                messages.append(
                    self._bone(bone, eye_rotation(self._eye_share * yaw, self._eye_share * pitch))
                )
            if self._target is not None:
                yaw, pitch = (self._eye_share * (right + left) / 2 for right, left in zip(*gaze, strict=True))
                messages.append(self._target(ENABLED + big_endian(_ahead(yaw, pitch))))
        return messages

    def _turns(self, rig: Rig, frame: RigFrame) -> list[bytes]:
        """The rig's bones; the head's shift stays with the head, for no table has one."""
        return [
            self._bone(name, turn.rotation, _shift(frame.cues) if name == "Head" else NOWHERE)
            for name, turn in rig.bones(frame.weights, frame.cues).items()
        ]

    def _bone(self, name: str, rotation: Quaternion, position: tuple[float, float, float] = NOWHERE) -> bytes:
        return self._bones[name](big_endian(position + unity_rotation(rotation)))


def _shift(cues: Cues) -> tuple[float, float, float]:
    right, up, out = cues.head_translation.tolist()
    return unity_position((right, up, out))


def _ahead(yaw: float, pitch: float) -> tuple[float, float, float]:
    """The place before the head that eyes turned so look at, in Unity's axes."""
    flat = GAZE_M * math.cos(pitch)
    return -flat * math.sin(yaw), GAZE_M * math.sin(pitch), flat * math.cos(yaw)


def _quaternion(rotation: Floats) -> Quaternion:
    x, y, z, w = rotation.tolist()
    return x, y, z, w


def _expressions(uri: str, names: str) -> tuple[tuple[str, ...], Callable[[RigFrame], bytes]]:
    """Names of the expressions, and what gives their values as big-endian floats in that order."""
    if names == "perfectsync":
        return ARKIT, lambda frame: big_endian(frame.weights)
    if names == "PerfectSync":
        return tuple(name[0].upper() + name[1:] for name in ARKIT), lambda frame: big_endian(frame.weights)
    from bridge.rigs import load_rig  # tables, for those who ask for VRM

    try:
        return _curves(load_rig(names))
    except (OSError, ValueError) as error:
        raise SinkError(f"{uri}: the {names} rig cannot be loaded ({error}); reinstall facecue") from error


def _curves(rig: Rig) -> tuple[tuple[str, ...], Callable[[RigFrame], bytes]]:
    """As `_expressions`, of a rig."""
    return rig.names, lambda frame: big_endian(rig.values(frame.weights, frame.cues))
