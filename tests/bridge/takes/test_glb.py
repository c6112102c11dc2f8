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


def whole_target(doc: Any, index: int) -> np.ndarray:
    """(V, 3) of a sparse accessor of zeros."""
    accessor = doc.accessors[index]
    values = np.zeros((accessor.count, 3), np.float32)
    blob, sparse = doc.binary_blob(), accessor.sparse
    at = doc.bufferViews[sparse.indices.bufferView]
    data = doc.bufferViews[sparse.values.bufferView]
    places = np.frombuffer(blob, "<u2", sparse.count, at.byteOffset)
    values[places] = np.frombuffer(blob, "<f4", 3 * sparse.count, data.byteOffset).reshape(-1, 3)
    return values


def targets(primitive: Any) -> list[dict[str, int]]:
    """Morph targets, which pygltflib gives as objects or as dictionaries."""
    return [t if isinstance(t, dict) else vars(t) for t in primitive.targets]


def test_skinned_as_the_standard_says_it_is_the_pose_of_the_head(
    tmp_path: Path, performance: list[RigFrame]
) -> None:
    doc = pygltflib.GLTF2().load(str(baked(tmp_path / "take.glb", performance)))
    nodes = {node.name: node for node in doc.nodes}
    tracks = {
        (doc.nodes[c.target.node].name, c.target.path): numbers(
            doc, doc.animations[0].samplers[c.sampler].output
        )
        for c in doc.animations[0].channels
    }
    n, head = 60, load_head()
    (primitive, *_) = doc.meshes[nodes["Face"].mesh].primitives
    rest = numbers(doc, primitive.attributes.POSITION)
    weights = tracks["Face", "weights"].reshape(-1, len(ARKIT))[n]
    at = rest + sum(
        w * whole_target(doc, t["POSITION"]) for w, t in zip(weights, targets(primitive), strict=True)
    )
    base = np.array(nodes["Neck"].translation)
    pivot = base + np.array(nodes["Head"].translation)
    turned = (at - pivot) @ rotation_matrix(tracks["Head", "rotation"][n]).T
    with_head = turned + base + tracks["Head", "translation"][n]
    share = numbers(doc, primitive.attributes.WEIGHTS_0)[:, 1:2]
    skinned = 100 * (share * with_head + (1 - share) * at)

    cues = performance[n].cues
    posed = head.pose(performance[n].weights, cues.gaze, cues.head_rotation, cues.head_translation)
    ours = {tuple(np.round(v, 3)): place for v, place in zip(head.vertices, posed, strict=True)}
    sure = np.flatnonzero((share[:, 0] == 0) | (share[:, 0] == 1))
    found = [(skinned[i], ours[key]) for i in sure if (key := tuple(np.round(100 * rest[i], 3))) in ours]
    assert len(found) > 1000
    off = np.array([np.abs(a - b).max() for a, b in found])
    assert (
        np.quantile(off, 0.99) < 1e-3
    )  # vertices on one spot may be told apart by their place alone no more
