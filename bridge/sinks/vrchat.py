"""`vrchat://HOST[:PORT][,...]`: VRChat's OSC, with the parameters that avatars made for VRCFaceTracking have.

`/avatar/parameters/v2/...` are floats: the Unified Expressions that ARKit weights can fill, and VRCFaceTracking's
simple and combined ones (left minus right, smile minus frown, the mean of a pair). VRChat ignores what an avatar
does not have. A parameter is sent when it has moved by more than `STEP`, and all of them once a second, for
whoever has come late or changed avatar. `/tracking/eye/...` moves the eyes and lids of avatars that have none of
these, and goes with every frame: the game takes over again after 10 s without. Options:

* `prefix`: put before `v2`, as in `prefix=FT` for `/avatar/parameters/FT/v2/JawOpen`.
* `eyes`: the one look address that is sent, `both` (LeftRightPitchYaw, default), `centre` (CenterPitchYaw), or
  `off`, which leaves the closing of the lids out as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bridge.address import check_options, endpoints, one_of
from bridge.frames import ARKIT, ARKIT_INDEX, Floats, RigFrame
from bridge.sinks import SinkError
from bridge.sinks.datagram import DatagramSink
from bridge.sinks.osc_packet import Template, big_endian, bundles, is_address_part, string

PORT = 9000
STEP = 0.001
"""A parameter that has moved less is not sent; other players get steps of 1/127."""
WHOLE_S = 1.0
"""Seconds of audio time after which every parameter is sent again."""
GAZE_FULL = math.radians(45.0)
"""Turn of an eye at which EyeX and EyeY are 1."""
EYES = ("both", "centre", "off")

_EXTRA = ("one", "wide", "squint", "sadLeft", "sadRight", "leftX", "leftY", "rightX", "rightY")
"""Inputs beside the weights: 1, the greater of a pair, and gaze as shares of `GAZE_FULL`, right and up +."""
_COLUMN = {name: i for i, name in enumerate((*ARKIT, *_EXTRA))}
_MEANS = (
    "BrowDown", "BrowExpression", "BrowInnerUp", "BrowOuterUp", "BrowUp", "CheekPuffSuck", "CheekSquint",
    "EyeClosed", "EyeLid", "EyeOpen", "LipFunnelLower", "LipFunnelUpper", "LipPucker", "LipPuckerLower",
    "LipPuckerUpper", "LipSuckFunnelLower", "LipSuckFunnelUpper", "LipSuckLower", "LipSuckUpper", "MouthCornerY",
    "MouthDimple", "MouthLowerDown", "MouthPress", "MouthStretch", "MouthTightenerStretch", "MouthUpperUp",
    "NoseSneer", "SmileFrown", "SmileSad",
)  # fmt: skip
"""Parameters that are also known without a side: the mean of both."""


def _sided(side: str) -> dict[str, dict[str, float]]:
    """The parameters of one side, each a sum of inputs."""
    down, inner, outer = f"browDown{side}", "browInnerUp", f"browOuterUp{side}"
    smile, frown, stretch = f"mouthSmile{side}", f"mouthFrown{side}", f"mouthStretch{side}"
    blink, wide, funnel = f"eyeBlink{side}", f"eyeWide{side}", "mouthFunnel"
    sums: dict[str, dict[str, float]] = {
        "BrowPinch": {down: 1}, "BrowLowerer": {down: 1}, "BrowDown": {down: 1},
        "BrowInnerUp": {inner: 1}, "BrowOuterUp": {outer: 1}, "BrowUp": {outer: 0.6, inner: 0.4},
        "BrowExpression": {inner: 0.5, outer: 0.5, down: -1},
        "EyeOpen": {"one": 1, blink: -1}, "EyeClosed": {blink: 1}, "EyeWide": {wide: 1},
        "EyeLid": {"one": 0.75, blink: -0.75, wide: 0.25}, "EyeSquint": {f"eyeSquint{side}": 1},
        "CheekSquint": {f"cheekSquint{side}": 1}, "CheekPuff": {"cheekPuff": 1}, "CheekPuffSuck": {"cheekPuff": 1},
        "NoseSneer": {f"noseSneer{side}": 1},
        "LipSuckUpper": {"mouthRollUpper": 1}, "LipSuckLower": {"mouthRollLower": 1},
        "LipFunnelUpper": {funnel: 1}, "LipFunnelLower": {funnel: 1},
        "LipSuckFunnelUpper": {"mouthRollUpper": 1, funnel: -1},
        "LipSuckFunnelLower": {"mouthRollLower": 1, funnel: -1},
        "LipPuckerUpper": {"mouthPucker": 1}, "LipPuckerLower": {"mouthPucker": 1}, "LipPucker": {"mouthPucker": 1},
        "MouthUpperUp": {f"mouthUpperUp{side}": 1}, "MouthUpperDeepen": {f"mouthUpperUp{side}": 1},
        "MouthLowerDown": {f"mouthLowerDown{side}": 1},
        "MouthUpper": {f"mouth{side}": 1}, "MouthLower": {f"mouth{side}": 1},
        "MouthCornerPull": {smile: 1}, "MouthCornerSlant": {smile: 1}, "MouthSmile": {smile: 1},
        "MouthFrown": {frown: 1}, "MouthSad": {f"sad{side}": 1}, "MouthStretch": {stretch: 1},
        "MouthTightenerStretch": {stretch: -1}, "MouthDimple": {f"mouthDimple{side}": 1},
        "MouthPress": {f"mouthPress{side}": 1}, "MouthCornerY": {smile: 1, frown: -1},
        "SmileFrown": {smile: 1, frown: -1}, "SmileSad": {smile: 1, f"sad{side}": -1},
    }  # fmt: skip
    return sums


def _parameters() -> dict[str, dict[str, float]]:
    """Every parameter behind `v2/`, each a sum of inputs."""
    left, right = _sided("Left"), _sided("Right")
    sums = {
        f"{name}{side}": s for side, half in (("Left", left), ("Right", right)) for name, s in half.items()
    }
    for name in _MEANS:
        both: dict[str, float] = {}
        for half in (left[name], right[name]):
            for key, factor in half.items():
                both[key] = both.get(key, 0.0) + factor / 2
        sums[name] = both
    shift = {"mouthRight": 1.0, "mouthLeft": -1.0}
    lips = ("mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight")
    sums |= {
        "EyeWide": {"wide": 1}, "EyeSquint": {"squint": 1},
        "EyeLeftX": {"leftX": 1}, "EyeLeftY": {"leftY": 1}, "EyeRightX": {"rightX": 1}, "EyeRightY": {"rightY": 1},
        "EyeX": {"leftX": 0.5, "rightX": 0.5}, "EyeY": {"leftY": 0.5, "rightY": 0.5},
        "JawOpen": {"jawOpen": 1}, "JawLeft": {"jawLeft": 1}, "JawRight": {"jawRight": 1},
        "JawForward": {"jawForward": 1}, "JawX": {"jawRight": 1, "jawLeft": -1}, "JawZ": {"jawForward": 1},
        "MouthClosed": {"mouthClose": 1}, "MouthOpen": dict.fromkeys(lips, 0.25),
        "MouthX": shift, "MouthUpperX": shift, "MouthLowerX": shift,
        "MouthRaiserUpper": {"mouthShrugUpper": 1}, "MouthRaiserLower": {"mouthShrugLower": 1},
        "LipSuck": {"mouthRollUpper": 0.5, "mouthRollLower": 0.5}, "LipFunnel": {"mouthFunnel": 1},
        "TongueOut": {"tongueOut": 1},
    }  # fmt: skip
    return sums


PARAMETERS = _parameters()
"""Name behind `v2/` → the inputs it sums; cut to -1..1."""
ACTIVE = ("EyeTrackingActive", "ExpressionTrackingActive", "LipTrackingActive")
"""Switches that tell an avatar to listen; they have no `v2`."""
_PAIRS = [[ARKIT_INDEX[f"{name}{side}"] for side in ("Left", "Right")] for name in ("eyeWide", "eyeSquint")]
_PAIRS += [[ARKIT_INDEX[f"mouth{name}{side}"] for name in ("Frown", "Stretch")] for side in ("Left", "Right")]
_FIRST, _SECOND = np.array(_PAIRS).T
_BLINKS = (ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"])


class VrChatSink(DatagramSink):
    """Sends what has changed in each frame as OSC bundles to every receiver."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], actor: str) -> None:
        check_options(uri, options, ("prefix", "eyes"))
        prefix = options.get("prefix", "").strip("/")
        if prefix and not all(is_address_part(part) for part in prefix.split("/")):
            raise SinkError(
                f"{uri}: prefix={prefix} cannot stand in an OSC address; write prefix=FT or leave it out"
            )
        self._eyes = one_of(uri, options, "eyes", EYES)
        super().__init__(uri, endpoints(uri, address, default_port=PORT))
        self.actor = actor
        root = "/avatar/parameters" + (f"/{prefix}" if prefix else "")
        self._heads = [string(f"{root}/v2/{name}") + string(",f") for name in PARAMETERS]
        self._active = [string(f"/avatar/parameters/{name}") + string(",T") for name in ACTIVE]
        self._closed = Template("/tracking/eye/EyesClosedAmount", numbers="f")
        self._both = Template("/tracking/eye/LeftRightPitchYaw", numbers="ffff")
        self._centre = Template("/tracking/eye/CenterPitchYaw", numbers="ff")
        self._table = np.zeros((len(PARAMETERS), len(_COLUMN)), np.float32)
        for row, sums in zip(self._table, PARAMETERS.values(), strict=True):
            for name, factor in sums.items():
                row[_COLUMN[name]] = factor
        self._inputs = np.ones(len(_COLUMN), np.float32)
        self._sent: Floats = np.zeros(len(PARAMETERS), np.float32)
        self._whole_at = -math.inf  # audio time of the last frame that was sent whole

    def packets(self, frame: RigFrame) -> list[bytes]:
        """The datagrams of one frame, in the order they are sent."""
        now = frame.cues.time_s
        values = self._values(frame)
        messages = self._looks(frame)
        if not 0.0 <= now - self._whole_at < WHOLE_S - 1e-6:  # also after a stream began again
            self._whole_at = now
            due = range(len(values))
            messages += self._active
            self._sent = values
        else:
            moved = np.flatnonzero(np.abs(values - self._sent) > STEP)
            due = moved.tolist()
            self._sent[moved] = values[moved]
        raw = big_endian(values)
        messages += [self._heads[i] + raw[4 * i : 4 * i + 4] for i in due]
        return bundles(messages)

    def _values(self, frame: RigFrame) -> Floats:
        """A fresh array of every parameter's value."""
        weights, inputs = frame.weights, self._inputs
        inputs[: len(ARKIT)] = weights
        inputs[len(ARKIT) + 1 : -4] = np.maximum(weights[_FIRST], weights[_SECOND])
        (right_yaw, right_pitch), (left_yaw, left_pitch) = (frame.cues.gaze / np.float32(GAZE_FULL)).tolist()
        inputs[-4:] = -left_yaw, left_pitch, -right_yaw, right_pitch
        values: Floats = np.minimum(np.maximum(self._table @ inputs, -1.0), 1.0)
        return values

    def _looks(self, frame: RigFrame) -> list[bytes]:
        """The game's own eye tracking: degrees, pitch + down, yaw + to the subject's right."""
        if self._eyes == "off":
            return []
        closed = sum([float(frame.weights[i]) for i in _BLINKS]) / 2
        messages = [self._closed(big_endian(min(max(closed, 0.0), 1.0)))]
        (right_yaw, right_pitch), (left_yaw, left_pitch) = np.degrees(-frame.cues.gaze).tolist()
        if self._eyes == "both":
            messages.append(self._both(big_endian((left_pitch, left_yaw, right_pitch, right_yaw))))
        else:
            pitch, yaw = (left_pitch + right_pitch) / 2, (left_yaw + right_yaw) / 2
            messages.append(self._centre(big_endian((pitch, yaw))))
        return messages
