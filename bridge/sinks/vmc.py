"""`vmc://HOST[:PORT][,...]`: Virtual Motion Capture Protocol 3.1, for VSeeFace, VNyan, Warudo, EVMC4U.

A frame is OK, T, the bones Neck, Head, LeftEye and RightEye, the expressions, the emotion under `/VMC/Thru`
(VMC has no word for it) and `Apply`, in that order, over as many bundles as packets of 1500 bytes ask for;
`Apply` is the last message of the last one. Options:

* `names`: what expressions are called. `perfectsync` (default: `jawOpen`), `PerfectSync` (`JawOpen`),
  `vrm0` (`A`, `Joy`), `vrm1` (`aa`, `happy`).
* `role`: `assistant` (default) speaks to a performer, such as VSeeFace, port 39540 unless given;
  `performer` speaks to a marionette, such as EVMC4U, port 39539, and sends a resting Root as well.
* `neck`: share of the head's turn that the neck makes, 0..1 (0.3).
* `eyes`: share of the gaze that the eye bones make, 0..1 (1); 0 leaves them out.

The head's shift is sent as the Head bone's position, in metres from rest: receivers that take bone positions
for the skeleton's own must be told not to (EVMC4U: "Bone Position Synchronize" off).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bridge.address import check_options, endpoints, number, one_of
from bridge.frames import ARKIT, EMOTIONS, Cues, Floats, RigFrame
from bridge.rest import scaled_rotation
from bridge.sinks import SinkError
from bridge.sinks.datagram import DatagramSink
from bridge.sinks.osc_packet import Template, big_endian, bundles, message
from bridge.sinks.unity import Quaternion, eye_rotation, unity_position, unity_rotation

NAMES = ("perfectsync", "PerfectSync", "vrm0", "vrm1")
PORTS = {"assistant": 39540, "performer": 39539}
"""Port of the peer that each role speaks to, when the URI names none."""
NECK_SHARE = 0.3
"""People turn the upper neck by about a third of what the face turns."""
IDENTITY: Quaternion = (0.0, 0.0, 0.0, 1.0)
NOWHERE = (0.0, 0.0, 0.0)
POSE = "f" * 7  # position xyz, quaternion xyzw
READY = message("/VMC/Ext/OK", 1, 3, 0, 1)  # avatar loaded, calibrated, mode normal, tracking well
APPLY = message("/VMC/Ext/Blend/Apply")


class VmcSink(DatagramSink):
    """Sends each frame as VMC bundles to every receiver."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], actor: str) -> None:
        check_options(uri, options, ("names", "role", "neck", "eyes"))
        role = one_of(uri, options, "role", tuple(PORTS))
        super().__init__(uri, endpoints(uri, address, default_port=PORTS[role]))
        self.actor = actor
        self._neck_share = number(uri, options, "neck", default=NECK_SHARE)
        self._eye_share = number(uri, options, "eyes", default=1.0)
        names, self._values = _expressions(uri, one_of(uri, options, "names", NAMES))
        self._expressions = [Template("/VMC/Ext/Blend/Val", name, numbers="f") for name in names]
        self._time = Template("/VMC/Ext/T", numbers="f")
        self._bones = {
            name: Template("/VMC/Ext/Bone/Pos", name, numbers=POSE)
            for name in ("Neck", "Head", "LeftEye", "RightEye")
        }
        self._emotions = [Template("/VMC/Thru/facecue/emotion", name, numbers="f") for name in EMOTIONS]
        root = Template("/VMC/Ext/Root/Pos", "root", numbers=POSE)
        self._standing = [root(big_endian(NOWHERE + IDENTITY))] if role == "performer" else []

    def packets(self, frame: RigFrame) -> list[bytes]:
        """The datagrams of one frame, in the order they are sent."""
        cues = frame.cues
        messages = [READY, self._time(big_endian(cues.time_s)), *self._standing, *self._pose(cues)]
        values = self._values(frame)
        messages += [t(values[4 * i : 4 * i + 4]) for i, t in enumerate(self._expressions)]
        emotion = big_endian(cues.emotion)
        messages += [t(emotion[4 * i : 4 * i + 4]) for i, t in enumerate(self._emotions)]
        messages.append(APPLY)
        return bundles(messages)

    def _pose(self, cues: Cues) -> list[bytes]:
        turn = _quaternion(cues.head_rotation)
        right, up, out = cues.head_translation.tolist()
        messages = []
        if self._neck_share > 0.0:
            # the same axis: neck and head add up to the whole turn
            neck = scaled_rotation(cues.head_rotation, self._neck_share)
            turn = _quaternion(scaled_rotation(cues.head_rotation, 1.0 - self._neck_share))
            messages.append(self._bone("Neck", _quaternion(neck)))
        messages.append(self._bone("Head", turn, unity_position((right, up, out))))
        if self._eye_share > 0.0:
            for bone, (yaw, pitch) in zip(("RightEye", "LeftEye"), cues.gaze.tolist(), strict=True):
                messages.append(
                    self._bone(bone, eye_rotation(self._eye_share * yaw, self._eye_share * pitch))
                )
        return messages

    def _bone(self, name: str, rotation: Quaternion, position: tuple[float, float, float] = NOWHERE) -> bytes:
        return self._bones[name](big_endian(position + unity_rotation(rotation)))


def _quaternion(rotation: Floats) -> Quaternion:
    x, y, z, w = rotation.tolist()
    return x, y, z, w


def _expressions(uri: str, names: str) -> tuple[tuple[str, ...], Callable[[RigFrame], bytes]]:
    """Names of the expressions, and what gives their values as big-endian floats in that order."""
    if names == "perfectsync":
        return ARKIT, lambda frame: big_endian(frame.weights)
    if names == "PerfectSync":
        return tuple(name[0].upper() + name[1:] for name in ARKIT), lambda frame: big_endian(frame.weights)
    from bridge.retarget import load_rig  # the solver and its tables, for those who ask for VRM

    try:
        rig = load_rig(names)
    except (OSError, ValueError) as error:
        raise SinkError(f"{uri}: the {names} rig cannot be loaded ({error}); reinstall facecue") from error
    order = tuple(rig.names)

    def values(frame: RigFrame) -> bytes:
        by_name = rig(frame.weights, frame.cues)
        return big_endian([by_name[name] for name in order])

    return order, values
