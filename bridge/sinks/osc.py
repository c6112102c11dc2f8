"""`osc://HOST:PORT[,HOST:PORT...]`: the native OSC wire, `/facecue/<actor>/...`, described in docs/wire.md.

Two packets a frame, each a bundle: the landmarks, then everything else with `/frame` as its last message,
so that a receiver which acts on `/frame` holds the whole frame. With `?landmarks=0` the first is not sent.
Units and axes are those of `bridge.frames`: nothing is converted. Options `rig=` and `visemes=`
(`bridge.sinks.rigging`) send a rig's curves and bones, an address each, and the viseme to draw: more packets then,
`/frame` still the last.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from bridge.address import check_options, endpoints, flag
from bridge.frames import ARKIT, EMOTIONS, RigFrame
from bridge.sinks import SinkError
from bridge.sinks.datagram import DatagramSink
from bridge.sinks.osc_packet import Template, big_endian, bundle, bundles, is_address_part, message
from bridge.sinks.rigging import OPTIONS, rig_of, visemes_of

VERSION = 1
"""Wire version, the last argument of `/frame`: it grows when an address or argument changes its meaning."""
ACTOR_LIMIT = 64
"""Characters of an actor's name: keeps every packet within its limit."""
NUMBER_MASK = 0x7FFF_FFFF
"""OSC integers have 31 bits to count with: frame numbers start again after 497 days."""


class OscSink(DatagramSink):
    """Sends each frame as one or two OSC bundles to every receiver."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], actor: str) -> None:
        check_options(uri, options, ("landmarks", *OPTIONS))
        if not is_address_part(actor) or len(actor) > ACTOR_LIMIT:
            raise SinkError(
                f"{uri}: actor {actor!r} cannot stand in an OSC address; "
                f"use 1 to {ACTOR_LIMIT} ASCII letters, digits, - and _"
            )
        self._rig = rig_of(uri, options)
        self._visemes = visemes_of(uri, options)
        for name in () if self._rig is None else (*self._rig.names, *self._rig.bone_names):
            if not is_address_part(name):
                raise SinkError(
                    f"{uri}: {name!r} in {options['rig']} cannot stand in an OSC address; "
                    "use ASCII letters, digits, - and _"
                )
        super().__init__(uri, endpoints(uri, address))
        self._with_landmarks = flag(uri, options, "landmarks", default=True)
        root = f"/facecue/{actor}"
        self._landmarks = Template(f"{root}/landmarks", numbers="i" + "f" * 204)
        self._gaze = Template(f"{root}/gaze", numbers="f" * 4)
        self._head = Template(f"{root}/head", numbers="f" * 7)
        self._emotion = Template(f"{root}/emotion", numbers="f" * len(EMOTIONS))
        self._arkit = Template(f"{root}/arkit", numbers="f" * len(ARKIT))
        self._frame = Template(f"{root}/frame", numbers="iffi")
        self._viseme = f"{root}/viseme"
        rig = self._rig
        self._curves = (
            () if rig is None else tuple(Template(f"{root}/rig/{n}", numbers="f") for n in rig.names)
        )
        self._bones = (
            {} if rig is None else {n: Template(f"{root}/bone/{n}", numbers="f" * 7) for n in rig.bone_names}
        )

    def packets(self, frame: RigFrame) -> list[bytes]:
        """The datagrams of one frame, in the order they are sent."""
        cues = frame.cues
        n = cues.n & NUMBER_MASK
        packets = []
        if self._with_landmarks:
            packets.append(bundle([self._landmarks(n.to_bytes(4, "big") + big_endian(cues.landmarks))]))
        everything_else = [
            *self._rigged(frame),
            self._gaze(big_endian(cues.gaze)),
            self._head(big_endian(cues.head_rotation) + big_endian(cues.head_translation)),
            self._emotion(big_endian(cues.emotion)),
            self._arkit(big_endian(frame.weights)),
            self._frame(struct.pack(">iffi", n, cues.time_s, frame.latency_s, VERSION)),
        ]
        return packets + bundles(everything_else)

    def _rigged(self, frame: RigFrame) -> list[bytes]:
        """What the rig makes of the frame, and the viseme."""
        messages = []
        if self._rig is not None:
            values = big_endian(self._rig.values(frame.weights, frame.cues))
            messages = [t(values[4 * i : 4 * i + 4]) for i, t in enumerate(self._curves)]
            for name, turn in self._rig.bones(frame.weights, frame.cues).items():
                messages.append(self._bones[name](big_endian((*turn.rotation, *turn[1:]))))
        if self._visemes is not None:
            messages.append(message(self._viseme, *self._visemes(frame)))
        return messages
