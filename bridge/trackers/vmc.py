"""`vmc://[HOST]:PORT`: listens to a camera tracker that speaks Virtual Motion Capture Protocol (UDP).

Takes `/VMC/Ext/Blend/Val` with the 52 Perfect Sync names in any case, or with VRM's presets from those who name none of
the 52 (they count from `Apply` on), the rotations of the bones Neck, Head, LeftEye and RightEye, where the eyes look as
`/VMC/Ext/Set/Eye` if their bones do not come, and the tracking state of `/VMC/Ext/OK`: while it says that the face is
lost nothing is taken. All else is passed over. Bone *positions* are left alone: they hold the skeleton's proportions.

So it listens as a marionette does to a performer (the protocol's port 39539), and as a performer does to an assistant
(39540); a port of its own is the default because those are often taken on the machine.

Listens on this machine alone. Elsewhere (`vmc://0.0.0.0:39541?from=192.168.1.20`) it must be said who may speak; the
protocol has no keys, so whoever can forge that address can move the face. What comes from others is counted.
"""

from __future__ import annotations

import logging
import math
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bridge.address import check_options, endpoints
from bridge.frames import ARKIT
from bridge.mishaps import Mishaps
from bridge.sinks.unity import Quaternion, unity_rotation
from bridge.trackers import NEVER, Tracked, TrackerError, TrackerStatus
from bridge.trackers.osc_message import Argument, OscError, messages
from bridge.trackers.vrm import PRESETS, weights_of

DEFAULT_PORT = 39541
PACKETS_A_SECOND = 2000
"""More are not looked into: a tracker sends some hundred."""
NECK_HOLDS_S = 0.5
"""A neck that was not spoken of for so long is straight. As long, eyes have bones and faces Perfect Sync."""
_POLL_S = 0.2
_NAMES = {name.lower(): i for i, name in enumerate(ARKIT)}
_BONES = ("Neck", "Head", "RightEye", "LeftEye")

log = logging.getLogger(__name__)


class VmcTracker:
    """A UDP port, a thread that reads it, and the newest face that came."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str]) -> None:
        """Binds.

        Raises:
            UriError: if the address or an option is no good.
            TrackerError: if others could reach it and `from` was not given, or the port is taken.
        """
        check_options(uri, options, ("from",))
        where = f"127.0.0.1{address}" if address.startswith(":") or not address else address
        places = endpoints(uri, where, default_port=DEFAULT_PORT, lowest_port=0)
        if len(places) != 1:
            raise TrackerError(f"{uri}: a tracker is heard at one address, not {len(places)}; name one")
        (place,) = places
        self._senders: set[str] | None = None
        if "from" in options:
            self._senders = {one.ip for one in endpoints(uri, options["from"], default_port=1)}
        if not place.loopback and self._senders is None:
            raise TrackerError(
                f"{uri} would let every machine on that network move this face; listen on 127.0.0.1, "
                f"or add ?from=ADDRESS of the tracker"
            )
        self._socket = socket.socket(place.family, socket.SOCK_DGRAM)
        try:
            self._socket.bind((place.ip, place.port))
        except OSError as error:
            self._socket.close()
            raise TrackerError(
                f"{uri}: cannot listen on {place}: {error.strerror or error}; choose another port"
            ) from error
        self._socket.settimeout(_POLL_S)
        self.uri = uri
        self.port = int(self._socket.getsockname()[1])
        self._tracked = Tracked()
        self._pending: dict[int, float] = {}
        self._presets: dict[str, float] = {}
        self._eyes_at = self._named_at = NEVER  # when a bone of an eye came, and a name of Perfect Sync
        self._neck: tuple[float, Quaternion] = (NEVER, (0.0, 0.0, 0.0, 1.0))
        self._sees = True
        self._packets = 0
        self._rejected = Mishaps()
        self._heard_at = NEVER
        self._second, self._in_second = NEVER, 0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="facecue-tracker", daemon=True)
        self._thread.start()

    def latest(self) -> Tracked:
        """The newest of everything."""
        return self._tracked

    def status(self) -> TrackerStatus:
        """Whether somebody speaks."""
        silent_s = time.perf_counter() - self._heard_at
        if math.isinf(silent_s):
            detail = "nothing heard yet"
        elif silent_s > 2 * _POLL_S:
            detail = f"silent for {silent_s:.0f} s"
        else:
            detail = "heard" if self._sees else "the tracker has lost the face"
        count = self._rejected.count
        rejected = f", {count} rejected" if count else ""
        return TrackerStatus(self._packets, count, f"{detail}, {self._packets} packets{rejected}")

    def close(self) -> None:
        """Ends the thread and frees the port."""
        self._closed.set()
        self._thread.join(2.0)
        self._socket.close()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                packet, sender = self._socket.recvfrom(65_536)
            except TimeoutError:
                continue
            except OSError:  # the network changed under the socket
                self._closed.wait(_POLL_S)
                continue
            self.hear(packet, str(sender[0]).partition("%")[0], time.perf_counter())

    def hear(self, packet: bytes, sender: str, now: float) -> None:
        """Takes one packet; whatever it is, nothing is raised."""
        if now - self._second >= 1.0:
            self._second, self._in_second = now, 0
        self._in_second += 1
        if self._senders is not None and sender not in self._senders:
            self._reject(now, f"packets from {sender}, which ?from= does not name")
            return
        if self._in_second > PACKETS_A_SECOND:
            self._reject(now, f"more than {PACKETS_A_SECOND} packets a second")
            return
        try:
            heard = messages(packet)
        except OscError as error:
            self._reject(now, str(error))
            return
        self._packets += 1
        self._heard_at = now
        for address, arguments in heard:
            take = _TAKEN.get(address)
            if take is not None and not take(self, arguments, now):
                self._reject(now, f"{address} with no good arguments")

    def _reject(self, now: float, why: str) -> None:
        if self._rejected.add(now):
            log.warning("%s: %s; %d rejected so far", self.uri, why, self._rejected.count)

    # each takes the arguments of one address, and says whether they were good

    def _ok(self, arguments: tuple[Argument, ...], now: float) -> bool:  # noqa: ARG002
        if not arguments or not all(isinstance(value, int) for value in arguments):
            return False
        self._sees = len(arguments) < 4 or arguments[3] != 0
        return True

    def _blend(self, arguments: tuple[Argument, ...], now: float) -> bool:
        name, value = arguments[:2] if len(arguments) >= 2 else ("", None)
        number = _finite(value)
        if not isinstance(name, str) or number is None:
            return False
        known = name.lower()
        if known in _NAMES:
            self._pending[_NAMES[known]] = min(max(number, 0.0), 1.0)
            self._named_at = now
        elif known in PRESETS:
            self._presets[known] = min(max(number, 0.0), 1.0)
        return True

    def _apply(self, arguments: tuple[Argument, ...], now: float) -> bool:  # noqa: ARG002
        pending = self._pending
        if self._presets and now - self._named_at >= NECK_HOLDS_S:
            pending = weights_of(self._presets)
        self._pending, self._presets = {}, {}
        if self._sees and pending:
            weights, weights_at = self._tracked.weights.copy(), self._tracked.weights_at.copy()
            indices = list(pending)
            weights[indices] = list(pending.values())
            weights_at[indices] = now
            self._tracked = replace(self._tracked, weights=weights, weights_at=weights_at)
        return True

    def _bone(self, arguments: tuple[Argument, ...], now: float) -> bool:
        if len(arguments) < 8 or not isinstance(arguments[0], str):
            return False
        if arguments[0] not in _BONES:
            return True
        rotation = _rotation(arguments[4:8])
        if rotation is None:
            return False
        if not self._sees:
            return True
        if arguments[0] == "Neck":
            self._neck = (now, rotation)
        elif arguments[0] == "Head":
            neck_at, neck = self._neck
            whole = _product(neck, rotation) if now - neck_at < NECK_HOLDS_S else rotation
            self._tracked = replace(self._tracked, head=np.array(whole, np.float32), head_at=now)
        else:
            eye = _BONES.index(arguments[0]) - 2
            gaze, gaze_at = self._tracked.gaze.copy(), list(self._tracked.gaze_at)
            gaze[eye], gaze_at[eye] = _gaze(rotation), now
            self._eyes_at = now
            self._tracked = replace(self._tracked, gaze=gaze, gaze_at=(gaze_at[0], gaze_at[1]))
        return True

    def _target(self, arguments: tuple[Argument, ...], now: float) -> bool:
        """A place before the head, in its axes, that both eyes look at; far enough to be one direction."""
        place = [number for value in arguments[1:4] if (number := _finite(value)) is not None]
        if len(place) != 3 or not isinstance(arguments[0], int):
            return False
        right, up, ahead = place
        if not self._sees or not arguments[0] or ahead <= 0.0 or now - self._eyes_at < NECK_HOLDS_S:
            return True
        looks = math.atan2(-right, ahead), math.atan2(up, math.hypot(right, ahead))
        self._tracked = replace(self._tracked, gaze=np.array([looks, looks], np.float32), gaze_at=(now, now))
        return True


_TAKEN = {
    "/VMC/Ext/OK": VmcTracker._ok,
    "/VMC/Ext/Blend/Val": VmcTracker._blend,
    "/VMC/Ext/Blend/Apply": VmcTracker._apply,
    "/VMC/Ext/Bone/Pos": VmcTracker._bone,
    "/VMC/Ext/Set/Eye": VmcTracker._target,
}


def _finite(value: Argument) -> float | None:
    """A number that is one."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _rotation(values: tuple[Argument, ...]) -> Quaternion | None:
    """Unity's quaternion in the head frame, of length 1; None if it is no rotation."""
    numbers = [number for value in values if (number := _finite(value)) is not None]
    length = math.sqrt(sum(min(abs(number), 2.0) ** 2 for number in numbers))
    if len(numbers) != 4 or not 0.9 < length < 1.1:
        return None
    x, y, z, w = (number / length for number in numbers)
    return unity_rotation((x, y, z, w))


def _product(a: Quaternion, b: Quaternion) -> Quaternion:
    """The rotation `b`, then `a` around it: a bone on a bone."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def _gaze(rotation: Quaternion) -> tuple[float, float]:
    """Yaw and pitch of where an eye turned so looks: the way back of `bridge.sinks.unity.eye_rotation`."""
    x, y, z, w = rotation
    left, up, out = 2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)
    return math.atan2(left, out), math.atan2(up, math.hypot(left, out))
