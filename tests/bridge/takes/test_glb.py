"""The take as glTF, read by pygltflib and trimesh."""

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.frames import ARKIT, RigFrame
from bridge.head import load_head
from bridge.head.glb import NECK_BASE_CM
from bridge.head.model import eye_turn
from bridge.takes import open_take
from bridge.takes.brush import rotation_matrix
from bridge.takes.rate import at_rate

pygltflib = pytest.importorskip("pygltflib", reason="pygltflib is not here (the studio extra)")
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}


def baked(path: Path, frames: list[RigFrame], fps: int = 50) -> Path:
    with open_take(path, "glb", rate_hz=fps, sound="line.wav") as take:
        for frame in frames:
            take.add(frame)
    return path


def numbers(doc: Any, index: int) -> np.ndarray:
    """An accessor of floats as the glTF standard lays it out."""
    accessor = doc.accessors[index]
    view = doc.bufferViews[accessor.bufferView]
    assert accessor.componentType == 5126
    start = (view.byteOffset or 0) + (accessor.byteOffset or 0)
    assert start % 4 == 0
    width = WIDTHS[accessor.type]
    values = np.frombuffer(doc.binary_blob(), "<f4", accessor.count * width, start)
    return values.reshape(accessor.count, width)


@pytest.mark.parametrize("fps", [50, 24])
def test_every_channel_holds_what_was_added(tmp_path: Path, performance: list[RigFrame], fps: int) -> None:
    doc = pygltflib.GLTF2().load(str(baked(tmp_path / "take.glb", performance, fps)))
    shown = list(at_rate(performance, fps))
    (animation,) = doc.animations
    tracks = {}
    for channel in animation.channels:
        sampler = animation.samplers[channel.sampler]
        times = doc.accessors[sampler.input]
        assert sampler.interpolation == "LINEAR"
        assert (times.min, times.max) == (
            [numbers(doc, sampler.input).min()],
            [numbers(doc, sampler.input).max()],
        )
        np.testing.assert_allclose(
            numbers(doc, sampler.input)[:, 0], [frame.cues.time_s for frame in shown], rtol=0, atol=1e-6
        )
        tracks[doc.nodes[channel.target.node].name, channel.target.path] = numbers(doc, sampler.output)
    assert set(tracks) == {
        ("Face", "weights"), ("Head", "rotation"), ("Head", "translation"), ("EyeRight", "rotation"),
        ("EyeLeft", "rotation"),
    }  # fmt: skip
    weights = tracks["Face", "weights"].reshape(len(shown), len(ARKIT))
    np.testing.assert_allclose(weights, [frame.weights for frame in shown], rtol=0, atol=1e-6)
    rest = (load_head().pivot - np.array(NECK_BASE_CM)) / 100
    moves = [rest + frame.cues.head_translation / 100 for frame in shown]
    np.testing.assert_allclose(tracks["Head", "translation"], moves, rtol=0, atol=1e-6)
    turns = tracks["Head", "rotation"]
    assert ((turns[1:] * turns[:-1]).sum(1) > 0.99).all()  # neighbours on one half of the sphere
    for n, frame in enumerate(shown):
        np.testing.assert_allclose(
            rotation_matrix(turns[n]), rotation_matrix(frame.cues.head_rotation), atol=2e-6
        )
        for side, name in enumerate(("EyeRight", "EyeLeft")):
            turn = rotation_matrix(tracks[name, "rotation"][n])
            np.testing.assert_allclose(turn, eye_turn(frame.cues.gaze[side]), atol=2e-6)


def test_targets_have_names_and_the_file_says_what_it_is(tmp_path: Path, performance: list[RigFrame]) -> None:
    doc = pygltflib.GLTF2().load(str(baked(tmp_path / "take.glb", performance[:3])))
    (face,) = (node for node in doc.nodes if node.name == "Face")
    mesh = doc.meshes[face.mesh]
    assert mesh.extras["targetNames"] == list(ARKIT)
    assert all(len(primitive.targets) == len(ARKIT) for primitive in mesh.primitives)
    assert doc.asset.extras["facecue"] == {"frames": 3, "rate_hz": 50, "sound": "line.wav"}


def test_trimesh_reads_the_head(tmp_path: Path, performance: list[RigFrame]) -> None:
    trimesh = pytest.importorskip("trimesh", reason="trimesh is not here (the dev extra)")
    path = baked(tmp_path / "take.glb", performance[:3])
    scene = trimesh.load(io.BytesIO(path.read_bytes()), file_type="glb")
    assert {"Head", "EyeRight", "EyeLeft", "Face"} <= set(scene.graph.nodes)
    head = load_head()
    np.testing.assert_allclose(
        scene.bounds, [head.vertices.min(0) / 100, head.vertices.max(0) / 100], atol=2e-4
    )


def test_a_take_of_nothing_is_the_head_at_rest(tmp_path: Path) -> None:
    doc = pygltflib.GLTF2().load(str(baked(tmp_path / "take.glb", [])))
    assert doc.animations == []
    assert any(node.name == "Face" for node in doc.nodes)


def test_sparse_accessors_are_as_the_standard_wants_them(tmp_path: Path, performance: list[RigFrame]) -> None:
    # found by Khronos' glTF-Validator: no offset without a view, no joint but 0 where the weight is 0
    data = baked(tmp_path / "take.glb", performance[:3]).read_bytes()
    (size,) = struct.unpack_from("<I", data, 12)
    plain = json.loads(data[20 : 20 + size])
    bare = [accessor for accessor in plain["accessors"] if "bufferView" not in accessor]
    assert bare
    assert all("byteOffset" not in accessor for accessor in bare)
    doc = pygltflib.GLTF2().load_from_bytes(data)
    for mesh in doc.meshes:
        for attributes in (primitive.attributes for primitive in mesh.primitives):
            if attributes.JOINTS_0 is not None:
                view = doc.bufferViews[doc.accessors[attributes.JOINTS_0].bufferView]
                joints = np.frombuffer(data[28 + size :], "u1", view.byteLength, view.byteOffset).reshape(
                    -1, 4
                )
                assert (numbers(doc, attributes.WEIGHTS_0)[joints > 0] > 0).all()
