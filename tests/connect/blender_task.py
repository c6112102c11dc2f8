"""Runs in Blender's own Python: a character made on the spot, the add-on, and what becomes of frames that come.

As `blender --background --python blender_task.py -- ADD-ON PORT [PICTURE]`, or with a Python that has bpy and without
the words before ADD-ON. Answers are lines of JSON that begin with "JSON ".
"""

import importlib.util
import json
import math
import sys
import time

import bpy

SILENCE_S = 1.5
PATIENCE_S = 60.0
SHAPES = {"jawOpen": "JawOpen", "eyeBlinkLeft": "eyeBlink_L", "mouthSmileRight": "Face.M_F00_mouthSmileRight"}


def say(**what):
    sys.stdout.write(f"JSON {json.dumps(what)}\n")
    sys.stdout.flush()


def head():
    """A ball with a few shape keys that faces -Y."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=32)
    ball = bpy.context.object
    ball.shape_key_add(name="Basis")
    for name in SHAPES.values():
        block = ball.shape_key_add(name=name)
        for point in block.data:
            if point.co.y < 0 and point.co.z < -0.2:
                point.co.z -= 0.4 * math.exp(-((point.co.x / 0.4) ** 2))
    return ball


def bones():
    """Head below neck, an eye; the neck leans and is rolled."""
    bpy.ops.object.armature_add()
    armature = bpy.context.object
    bpy.ops.object.mode_set(mode="EDIT")
    edit = armature.data.edit_bones
    neck = edit[0]
    neck.name = "DEF-neck"
    neck.head, neck.tail, neck.roll = (0, 0, 0), (0.1, 0.2, 1), 0.7
    for name, tail in (("head", (0, 0.1, 2)), ("eye.R", (-0.2, -0.6, 1.4))):
        bone = edit.new(name)
        bone.head, bone.tail, bone.parent = (0.1, 0.2, 1), tail, neck
    edit["eye.R"].parent = edit["head"]
    bpy.ops.object.mode_set(mode="OBJECT")
    armature.pose.bones["DEF-neck"].rotation_mode = "XYZ"
    return armature


def stands(armature, name, posed):
    bone = armature.pose.bones[name]
    matrix = (bone.matrix if posed else bone.bone.matrix_local).to_3x3()
    return [list(row) for row in matrix]


def main():
    addon, port, *picture = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    spec = importlib.util.spec_from_file_location("facecue_blender", addon)
    facecue = importlib.util.module_from_spec(spec)
    sys.modules["facecue_blender"] = facecue
    spec.loader.exec_module(facecue)
    facecue.register()

    scene = bpy.context.scene
    scene.render.fps = 24
    scene.frame_set(10)
    for one in list(bpy.data.objects):
        bpy.data.objects.remove(one)
    ball, armature = head(), bones()
    text = bpy.data.texts.new("map")
    text.write("jawOpen = JawOpen  # mine\nmouthSmileLeft = nothing of that name\n")
    settings = scene.facecue
    settings.port, settings.record, settings.mapping = int(port), True, text
    for one in (ball, armature):
        one.select_set(True)
    bpy.ops.facecue.choose()
    say(started=list(bpy.ops.facecue.start()), report=facecue._running.puppet.report)

    told = []
    take = facecue._running.wire.take

    def heard(packet):
        frames = take(packet)
        told.extend(frames)
        return frames

    facecue._running.wire.take = heard
    begun = time.monotonic()
    keys = ball.data.shape_keys.key_blocks
    shown = []
    while time.monotonic() - begun < PATIENCE_S:
        before = len(told)
        facecue._tick()  # Blender's timer does not run in the background
        if len(told) > before:
            bpy.context.view_layer.update()
            frame = told[-1]
            shown.append(
                {
                    "n": frame.number,
                    "weights": {name: keys[shape].value for name, shape in SHAPES.items()},
                    "head": list(frame.head),
                    "gaze": frame.gaze,
                    "bones": {name: stands(armature, name, True) for name in ("DEF-neck", "head", "eye.R")},
                }
            )
        heard_at = facecue._running.heard_at
        if heard_at is not None and time.monotonic() - heard_at > SILENCE_S:
            break
        time.sleep(1 / 120)
    wire, recorder = facecue._running.wire, facecue._running.recorder
    say(
        frames=[
            {"n": f.number, "t": f.time_s, "arkit": f.weights, "head": list(f.head), "gaze": f.gaze}
            for f in told
        ]
    )
    say(shown=shown, rests={name: stands(armature, name, False) for name in ("DEF-neck", "head", "eye.R")})
    at_rest = [keys[shape].value for shape in SHAPES.values()]
    jaw = keys[SHAPES["jawOpen"]]
    keyed = []
    for frame in range(10, 10 + recorder.count):
        scene.frame_set(frame)
        keyed.append(jaw.value)
    say(
        received=wire.received, rejected=wire.rejected, incomplete=wire.incomplete, at_rest=at_rest,
        recorded=recorder.count, keyed=keyed, status=facecue._running.status(time.monotonic()),
    )  # fmt: skip
    if picture:
        draw(facecue, scene, ball, picture[0])
    bpy.ops.facecue.stop()
    facecue.unregister()
    facecue.register()
    facecue.unregister()
    say(done=True)


def draw(facecue, scene, ball, path):
    """A picture of the widest moment of the recording."""
    bpy.ops.object.light_add(type="SUN", rotation=(0.9, 0.3, 0))
    bpy.ops.object.camera_add(location=(0, -5, 0), rotation=(math.pi / 2, 0, 0))
    scene.camera = bpy.context.object
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 4
    scene.cycles.device = "CPU"
    scene.render.resolution_x = scene.render.resolution_y = 240
    block = ball.data.shape_keys.key_blocks["JawOpen"]
    values = []
    for frame in range(10, 90):
        scene.frame_set(frame)
        values.append((block.value, frame))
    for name, (_, frame) in (("open", max(values)), ("shut", min(values))):
        scene.frame_set(frame)
        scene.render.filepath = f"{path}_{name}.png"
        bpy.ops.render.render(write_still=True)


main()
