"""A face from facecue in Blender (3.6 to 5): shape keys, head, neck and eyes move with a voice, and can be recorded.

Install this file as an add-on, open the tab *facecue* in the sidebar of the 3D view (key N), choose objects, press
Start, and run `facecue live --sink osc://127.0.0.1:9000`. Reads the native OSC wire (docs/wire.md); whatever else comes
to its port is counted and left aside. Nothing is needed but Blender itself.
"""

# No `from __future__ import annotations`: Blender reads the annotations of properties as they stand.
import math
import socket
import struct
import time
from dataclasses import dataclass, field

import bpy

bl_info = {
    "name": "facecue",
    "author": "the facecue authors",
    "version": (0, 1, 0),
    "blender": (3, 6, 0),
    "location": "3D View > Sidebar > facecue",
    "description": "Moves shape keys and bones with a voice, from the facecue bridge",
    "category": "Animation",
}

ARKIT = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight",
    "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""The order of the weights on the wire."""
EMOTIONS = ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
VERSION = 1
"""Of the wire."""
TIME_LIMIT_S = 1e8
"""Three years: a frame further on is no frame."""

# ---- OSC, from anybody: every length is held against the bytes that are there before it is used

PACKET_LIMIT = 8192
MESSAGE_LIMIT = 256
ARGUMENT_LIMIT = 256
TEXT_LIMIT = 256
DEPTH_LIMIT = 4
_BUNDLE = b"#bundle\0"
_SIZES = {"i": ">i", "f": ">f", "h": ">q", "d": ">d", "t": ">q", "r": ">i", "m": ">i", "c": ">i"}
_WORDS = {"T": True, "I": True, "F": False, "N": False}


class OscError(ValueError):
    """Bytes that are no OSC: one line that says why."""


def read_osc(packet):
    """The messages of a packet, in order: [(address, [arguments])]. Raises OscError, and nothing else."""
    if len(packet) > PACKET_LIMIT:
        raise OscError(f"more than {PACKET_LIMIT} bytes")
    found = []
    _element(packet, 0, found)
    return found


def _element(data, depth, found):
    if len(data) < 4 or len(data) % 4:
        raise OscError(f"{len(data)} bytes; OSC comes in fours")
    if not data.startswith(_BUNDLE):
        if len(found) >= MESSAGE_LIMIT:
            raise OscError(f"more than {MESSAGE_LIMIT} messages")
        found.append(_message(data))
        return
    if depth >= DEPTH_LIMIT:
        raise OscError(f"bundles more than {DEPTH_LIMIT} deep")
    at = 16  # behind its head and time tag
    if len(data) < at:
        raise OscError("a bundle without a time tag")
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        at += 4
        if not 0 < size <= len(data) - at:
            raise OscError(f"a part of {size} bytes where {len(data) - at} are left")
        _element(data[at : at + size], depth + 1, found)
        at += size


def _message(data):
    address, at = _text(data, 0)
    if not address.startswith("/"):
        raise OscError("no address")
    arguments = []
    if at < len(data):  # old senders leave the tags out where there are no arguments
        tags, at = _text(data, at)
        if not tags.startswith(",") or len(tags) > ARGUMENT_LIMIT + 1:
            raise OscError("no type tags")
        for tag in tags[1:]:
            if tag in _WORDS:
                arguments.append(_WORDS[tag])
            elif tag in "sS":
                text, at = _text(data, at)
                arguments.append(text)
            elif tag in _SIZES:
                layout = _SIZES[tag]
                if struct.calcsize(layout) > len(data) - at:
                    raise OscError(f"an argument {tag} that is not there")
                arguments.append(struct.unpack_from(layout, data, at)[0])
                at += struct.calcsize(layout)
            else:
                raise OscError(f"an argument {tag!r} that is not understood")
    if at != len(data):
        raise OscError(f"{len(data) - at} bytes behind the last argument")
    return address, arguments


def _text(data, at):
    end = data.find(b"\0", at, at + TEXT_LIMIT + 1)
    after = end + 4 - (end - at) % 4
    if end < 0 or after > len(data) or data[end:after].strip(b"\0"):
        raise OscError("a text without its end")
    try:
        text = data[at:end].decode("utf-8")
    except UnicodeDecodeError as error:
        raise OscError("a text that is no UTF-8") from error
    return text, after


# ---- frames


@dataclass
class Frame:
    """One frame of a face, in the units and axes of docs/wire.md. Made without arguments: the resting face."""

    number: int = 0
    time_s: float = 0.0
    weights: list = field(default_factory=lambda: [0.0] * len(ARKIT))
    gaze: list = field(default_factory=lambda: [0.0] * 4)  # right yaw, right pitch, left yaw, left pitch
    head: tuple = (0.0, 0.0, 0.0, 1.0)  # x y z w
    emotion: list = field(default_factory=lambda: [float(name == "neutral") for name in EMOTIONS])


def between(a, b, share):
    """The frame between two: numbers linearly, the head's turn on the sphere."""
    mixed = [
        [x + (y - x) * share for x, y in zip(p, q)]  # noqa: B905 (as long as each other)
        for p, q in ((a.weights, b.weights), (a.gaze, b.gaze), (a.emotion, b.emotion))
    ]
    time_s = a.time_s + (b.time_s - a.time_s) * share
    return Frame(a.number, time_s, mixed[0], mixed[1], slerp(a.head, b.head, share), mixed[2])


class Wire:
    """Packets to frames. A frame counts when all its parts came since the one before."""

    COUNTS = {"gaze": 4, "head": 7, "emotion": len(EMOTIONS), "arkit": len(ARKIT)}

    def __init__(self, actor="face"):
        self.actor = actor  # empty takes anybody's
        self.received = 0
        self.rejected = 0
        self.incomplete = 0
        self.detail = ""
        self._parts = {}

    def take(self, packet):
        """The frames that a packet completes; never raises."""
        frames = []
        try:
            for address, arguments in read_osc(packet):
                parts = address.split("/")
                if len(parts) == 4 and parts[1] == "facecue" and self.actor in ("", parts[2]):
                    frame = self._message(parts[3], arguments)
                    if frame is not None:
                        frames.append(frame)
        except OscError as error:
            self.rejected += 1
            self.detail = str(error)
        self.received += len(frames)
        return frames

    def _message(self, what, arguments):
        if what in self.COUNTS:
            self._parts.pop(what, None)
            numbers = _numbers(arguments, self.COUNTS[what], what)
            if what == "head" and not 0.9 < math.sqrt(sum(min(x * x, 4.0) for x in numbers[:4])) < 1.1:
                raise OscError("a head that is not turned by a unit quaternion")
            self._parts[what] = numbers
        elif what == "frame":
            return self._frame(arguments)
        return None

    def _frame(self, arguments):
        parts, self._parts = self._parts, {}
        number, time_s, _, version = _numbers(arguments, 4, "frame")
        if version != VERSION:
            raise OscError(f"version {version} of the wire; this add-on knows {VERSION}")
        if not number >= 0 or abs(time_s) > TIME_LIMIT_S:
            raise OscError(f"a frame with number {number:.0f} at {time_s:.0f} s")
        if len(parts) < len(self.COUNTS):
            self.incomplete += 1
            return None
        within = [min(max(x, -math.pi / 2), math.pi / 2) for x in parts["gaze"]]
        weights, emotion = ([min(max(x, 0.0), 1.0) for x in parts[name]] for name in ("arkit", "emotion"))
        return Frame(
            int(number), _exact_time(number, time_s), weights, within, unit(parts["head"][:4]), emotion
        )


def _numbers(arguments, count, what):
    values = arguments[:count]
    if len(values) < count or not all(type(x) in (int, float) and math.isfinite(x) for x in values):
        raise OscError(f"{what} with arguments that are not {count} numbers")
    return values


def _exact_time(number, time_s):
    """`t` is a float32 and grows coarse with the hours; the frame's number and rate say it exactly."""
    if time_s <= 0.0:
        return time_s
    rate = (number + 0.5) / time_s
    whole = round(rate)
    return (number + 0.5) / whole if whole > 0 and abs(rate - whole) < 1e-6 * whole else time_s


# ---- turns: quaternions x y z w


def unit(q):
    """A quaternion of length 1."""
    length = math.sqrt(sum(x * x for x in q)) or 1.0
    return tuple(x / length for x in q)


def product(a, b):
    """The turn `b`, then `a` around it."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def slerp(a, b, share):
    """The turn between two, the short way."""
    dot = sum(x * y for x, y in zip(a, b))  # noqa: B905
    if dot < 0.0:
        b, dot = tuple(-x for x in b), -dot
    if dot > 0.9999:
        return unit([x + (y - x) * share for x, y in zip(a, b)])  # noqa: B905
    angle = math.acos(min(dot, 1.0))
    p, q = (math.sin(part * angle) / math.sin(angle) for part in (1.0 - share, share))
    return unit([p * x + q * y for x, y in zip(a, b)])  # noqa: B905


def looking(yaw, pitch):
    """The turn of an eye in the head frame: pitch first, so that it does not roll. Left is + about y, up - about x."""
    sy, cy, sp, cp = math.sin(yaw / 2), math.cos(yaw / 2), math.sin(pitch / 2), math.cos(pitch / 2)
    return (-cy * sp, sy * cp, sy * sp, cy * cp)


def blender_turn(q):
    """A turn of the head frame (x the subject's left, y up, z out) for an armature that faces -Y with Z up."""
    x, y, z, w = q
    return (x, -z, y, w)


def seen_from(rest, turn):
    """A turn of the armature's space, as a bone sees it that stands at `rest` there."""
    x, y, z, w = rest
    return product(product((-x, -y, -z, w), turn), rest)


# ---- names, across spellings: jawOpen, JawOpen, jaw_open, Face.M_F00_JawOpen, eyeBlink_L

SEPARATORS = "._- :/|"
ENOUGH = 6
"""Letters with which a name may stand at the end of another without a separator."""
BONES = {
    "head": ("head",),
    "neck": ("neck", "neck1", "neck01", "upperneck"),
    "left_eye": ("lefteye", "eyeleft", "lfaceeye"),
    "right_eye": ("righteye", "eyeright", "rfaceeye"),
}


def plain(name):
    """A name in small letters without separators; a last L or R is spelled out."""
    if len(name) > 2 and name[-1] in "LlRr":
        alone = name[-2] in SEPARATORS
        stands_out = name[-2] != name[-2].upper() and name[-1].isupper()
        if alone or stands_out:
            name = name[:-1] + ("left" if name[-1] in "Ll" else "right")
    return "".join(c for c in name.lower() if c not in SEPARATORS)


def forms(name):
    """The plain forms of a name and of its ends behind separators."""
    ends = [i for i in range(1, len(name)) if name[i - 1] in SEPARATORS and name[i] not in SEPARATORS]
    return [plain(name), *(plain(name[i:]) for i in ends)]


def find(names, wanted):
    """Which of `names` is called one of `wanted` (plain), or None. Whole names go before ends of names."""
    tests = (
        lambda name, want: plain(name) == want,
        lambda name, want: want in forms(name),
        lambda name, want: len(want) >= ENOUGH and plain(name).endswith(want),
    )
    for test in tests:
        for want in wanted:
            for name in names:
                if test(name, want):
                    return name
    return None


def read_map(text):
    """Lines of `jawOpen = MyShape, Other` as {name: [shapes]}; `#` begins a comment, nothing behind = leaves it out."""
    found = {}
    for line in text.splitlines():
        name, separator, shapes = line.partition("#")[0].partition("=")
        if separator and name.strip():
            found[name.strip()] = [shape.strip() for shape in shapes.split(",") if shape.strip()]
    return found


# ---- the character


class Puppet:
    """The shape keys and bones that frames move."""

    def __init__(self, objects, mapping, *, neck_share=0.3, eye_share=1.0, y_up=False):
        self.shapes = [[] for _ in ARKIT]  # for each weight: [(key datablock, name)]
        self.bones = {}  # "head" …: (armature object, name, rest turn in the armature's space)
        self._neck_share = neck_share
        self._eye_share = eye_share
        self._y_up = y_up
        for one in objects:
            if one.type == "MESH" and one.data.shape_keys is not None:
                self._take_keys(one.data.shape_keys, mapping)
            elif one.type == "ARMATURE":
                self._take_bones(one)

    @property
    def report(self):
        """What was found, in one line."""
        moved = sum(bool(targets) for targets in self.shapes)
        return f"{moved} of {len(ARKIT)} shapes; bones: {', '.join(self.bones) or 'none'}"

    def _take_keys(self, keys, mapping):
        names = [block.name for block in keys.key_blocks]
        for i, name in enumerate(ARKIT):
            found = find(names, [plain(name)])
            shapes = mapping.get(name, [found] if found else [])
            self.shapes[i] += [(keys, shape) for shape in shapes if shape in names]

    def _take_bones(self, armature):
        names = [bone.name for bone in armature.data.bones]
        for part, wanted in BONES.items():
            name = find(names, wanted)
            if name and part not in self.bones:
                rest = armature.data.bones[name].matrix_local.to_quaternion()
                self.bones[part] = (armature, name, (rest.x, rest.y, rest.z, rest.w))

    def show(self, frame, key_at=None):
        """Shows a frame, and keeps it as keyframes at the scene's frame `key_at`."""
        for value, targets in zip(frame.weights, self.shapes):  # noqa: B905
            for keys, name in targets:
                block = keys.key_blocks.get(name)
                if block is not None:
                    block.value = value
                    if key_at is not None:
                        block.keyframe_insert("value", frame=key_at)
        share = self._neck_share if "neck" in self.bones else 0.0
        straight = (0.0, 0.0, 0.0, 1.0)
        self._turn("neck", slerp(straight, frame.head, share), key_at)
        self._turn("head", slerp(straight, frame.head, 1.0 - share), key_at)
        gaze = [angle * self._eye_share for angle in frame.gaze]
        self._turn("right_eye", looking(gaze[0], gaze[1]), key_at)
        self._turn("left_eye", looking(gaze[2], gaze[3]), key_at)

    def _turn(self, part, turn, key_at):
        if part not in self.bones:
            return
        armature, name, rest = self.bones[part]
        bone = armature.pose.bones.get(name)
        if bone is None:
            return
        x, y, z, w = seen_from(rest, turn if self._y_up else blender_turn(turn))
        path = "rotation_quaternion"
        if bone.rotation_mode == "QUATERNION":
            bone.rotation_quaternion = (w, x, y, z)
        elif bone.rotation_mode == "AXIS_ANGLE":
            path = "rotation_axis_angle"
            angle = 2.0 * math.acos(min(max(w, -1.0), 1.0))
            axis = unit((x, y, z)) if angle > 0.0 else (0.0, 1.0, 0.0)
            bone.rotation_axis_angle = (angle, *axis)
        else:
            from mathutils import Quaternion  # comes with Blender

            path = "rotation_euler"
            bone.rotation_euler = Quaternion((w, x, y, z)).to_euler(bone.rotation_mode, bone.rotation_euler)
        if key_at is not None:
            bone.keyframe_insert(path, frame=key_at)


class Recorder:
    """Turns frames at audio time into keyframes at the scene's rate, from a first frame on."""

    def __init__(self, first, fps):
        self._first = first
        self._fps = fps
        self._start_s = None
        self._last = None
        self.count = 0

    def take(self, frame):
        """The scene frames that lie between the last frame and this one: [(scene frame, Frame)]."""
        last, self._last = self._last, frame
        if last is not None and not 0.0 < frame.time_s - last.time_s < 1.0:
            self._start_s = None  # another stream: goes on behind what is there
            self._first += self.count
            self.count = 0
            last = None
        if self._start_s is None:
            self._start_s = frame.time_s
        if last is None:
            last = frame
        keys = []
        while (at_s := self._start_s + self.count / self._fps) <= frame.time_s:
            span = frame.time_s - last.time_s
            share = (at_s - last.time_s) / span if span > 0.0 else 1.0
            keys.append((self._first + self.count, between(last, frame, share)))
            self.count += 1
        return keys


# ---- the receiver, while it runs

TICK_S = 1 / 60
PACKETS = 512
"""Looked into at most at one tick."""
HOLD_S = 0.3
"""The last face is held so long,"""
EASE_S = 0.6
"""and takes so long to rest."""


class Receiver:
    """A UDP port, and the character that its frames move."""

    def __init__(self, address, port, actor, puppet, recorder=None):
        """Raises OSError if the port cannot be had."""
        self.wire = Wire(actor)
        self.puppet = puppet
        self.recorder = recorder
        self.heard_at = None
        self._frame = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            # Blender may think for a second; what came meanwhile is still recorded
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            self._socket.bind((address, port))
        except OSError:
            self._socket.close()
            raise

    def tick(self, now_s):
        """Reads what waits and shows the newest frame; eases to rest when frames stop."""
        fresh = False
        for packet in self._packets():
            for frame in self.wire.take(packet):
                fresh = True
                self._frame = frame
                if self.recorder is not None:
                    for at, key in self.recorder.take(frame):
                        self.puppet.show(key, at)
        if fresh:
            self.heard_at = now_s
            self.puppet.show(self._frame)
        elif self._frame is not None and now_s - self.heard_at > HOLD_S:
            gone = min((now_s - self.heard_at - HOLD_S) / EASE_S, 1.0)
            self.puppet.show(between(self._frame, Frame(), gone * gone * (3.0 - 2.0 * gone)))
            if gone == 1.0:
                self._frame = None

    def _packets(self):
        for _ in range(PACKETS):
            try:
                yield self._socket.recv(65535)
            except BlockingIOError:
                return
            except OSError:  # Windows says here that somebody else's port was closed
                continue

    def status(self, now_s):
        """One line for the panel."""
        heard = self.heard_at is not None and now_s - self.heard_at < 1.0
        line = f"{'receiving' if heard else 'listening'}: {self.wire.received} frames"
        if self.wire.rejected:
            line += f", {self.wire.rejected} refused ({self.wire.detail})"
        if self.recorder is not None:
            line += f", {self.recorder.count} recorded"
        return line

    def close(self):
        """Lets the port go."""
        self._socket.close()


_running = None
"""The receiver of this Blender, while there is one."""


def _tick():
    """Called by Blender's timer; ends with the receiver."""
    if _running is None:
        return None
    _running.tick(time.monotonic())
    manager = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()
    return TICK_S


def _stop():
    global _running
    if _running is not None:
        _running.close()
        _running = None


@bpy.app.handlers.persistent
def _on_load(*_):
    _stop()  # its objects go with the file


# ---- what Blender shows


class FacecueObject(bpy.types.PropertyGroup):
    """One object that moves."""

    object: bpy.props.PointerProperty(type=bpy.types.Object)


class FacecueSettings(bpy.types.PropertyGroup):
    """What the panel asks for; kept in the scene."""

    address: bpy.props.StringProperty(
        name="Address", default="127.0.0.1", description="127.0.0.1: this machine; 0.0.0.0: others too"
    )
    port: bpy.props.IntProperty(name="Port", default=9000, min=1, max=65535)
    actor: bpy.props.StringProperty(name="Actor", default="face", description="Empty: anybody's frames")
    objects: bpy.props.CollectionProperty(type=FacecueObject)
    mapping: bpy.props.PointerProperty(
        name="Map", type=bpy.types.Text, description="Lines of: jawOpen = MyShapeKey"
    )
    neck_share: bpy.props.FloatProperty(
        name="Neck", default=0.3, min=0.0, max=1.0, description="Share of the head's turn that the neck makes"
    )
    eye_share: bpy.props.FloatProperty(
        name="Eyes", default=1.0, min=0.0, max=1.0, description="Share of the gaze that eye bones make"
    )
    y_up: bpy.props.BoolProperty(
        name="Armature is Y up", default=False, description="It faces +Z in its own space, as some imports do"
    )
    record: bpy.props.BoolProperty(
        name="Record keyframes", default=False, description="From the current frame on, at the scene's rate"
    )


class FACECUE_OT_choose(bpy.types.Operator):
    """Take the selected meshes and armatures."""

    bl_idname = "facecue.choose"
    bl_label = "Use Selected"

    def execute(self, context):
        settings = context.scene.facecue
        settings.objects.clear()
        for one in context.selected_objects:
            if one.type == "ARMATURE" or (one.type == "MESH" and one.data.shape_keys is not None):
                settings.objects.add().object = one
        if not settings.objects:
            self.report({"WARNING"}, "Select meshes with shape keys, and the armature")
        return {"FINISHED"}


class FACECUE_OT_start(bpy.types.Operator):
    """Listen for frames."""

    bl_idname = "facecue.start"
    bl_label = "Start"

    def execute(self, context):
        global _running
        _stop()
        settings = context.scene.facecue
        objects = [item.object for item in settings.objects if item.object is not None]
        mapping = read_map(settings.mapping.as_string()) if settings.mapping is not None else {}
        puppet = Puppet(
            objects, mapping, neck_share=settings.neck_share, eye_share=settings.eye_share, y_up=settings.y_up
        )
        render = context.scene.render
        recorder = (
            Recorder(context.scene.frame_current, render.fps / render.fps_base) if settings.record else None
        )
        try:
            _running = Receiver(settings.address, settings.port, settings.actor, puppet, recorder)
        except (OSError, OverflowError) as error:
            self.report({"ERROR"}, f"{settings.address}:{settings.port} cannot be listened to ({error})")
            return {"CANCELLED"}
        if not bpy.app.timers.is_registered(_tick):
            bpy.app.timers.register(_tick)
        return {"FINISHED"}


class FACECUE_OT_stop(bpy.types.Operator):
    """Stop listening."""

    bl_idname = "facecue.stop"
    bl_label = "Stop"

    def execute(self, context):
        _stop()
        return {"FINISHED"}


class FACECUE_PT_panel(bpy.types.Panel):
    """The tab in the sidebar."""

    bl_label = "facecue"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "facecue"

    def draw(self, context):
        settings = context.scene.facecue
        layout = self.layout
        column = layout.column()
        column.enabled = _running is None
        for name in ("address", "port", "actor", "mapping", "neck_share", "eye_share", "y_up", "record"):
            column.prop(settings, name)
        column.operator("facecue.choose")
        for item in settings.objects:
            if item.object is not None:
                column.label(text=item.object.name, icon="DOT")
        if _running is None:
            layout.operator("facecue.start", icon="PLAY")
        else:
            layout.operator("facecue.stop", icon="PAUSE")
            layout.label(text=_running.status(time.monotonic()))
            layout.label(text=_running.puppet.report)


CLASSES = (
    FacecueObject, FacecueSettings, FACECUE_OT_choose, FACECUE_OT_start, FACECUE_OT_stop, FACECUE_PT_panel,
)  # fmt: skip


def register():
    """Called by Blender when the add-on is switched on."""
    for one in CLASSES:
        bpy.utils.register_class(one)
    bpy.types.Scene.facecue = bpy.props.PointerProperty(type=FacecueSettings)
    bpy.app.handlers.load_pre.append(_on_load)


def unregister():
    """Called by Blender when it is switched off."""
    _stop()
    bpy.app.handlers.load_pre.remove(_on_load)
    del bpy.types.Scene.facecue
    for one in reversed(CLASSES):
        bpy.utils.unregister_class(one)
