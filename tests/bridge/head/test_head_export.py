"""The head for others: head.bytes read as docs/head.md says, the GLB by two libraries, the command."""

import struct
from pathlib import Path

import numpy as np
import pytest

from bridge.cli import run
from bridge.frames import ARKIT
from bridge.head import Head, load_head
from bridge.head.binary import head_bytes

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "unity_sample/Packages/com.facecue.receiver/Samples~/TalkingHead/Resources/FacecueHead.bytes"


@pytest.fixture(scope="module")
def head() -> Head:
    return load_head()


class Reader:
    """A reader written from the page, not from the writer."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, kind: str, count: int) -> np.ndarray:
        dtype = np.dtype(kind)
        out = np.frombuffer(self.data, dtype, count, self.at)
        self.at += -(-out.nbytes // 4) * 4
        return out

    def name(self) -> str:
        return self.take("S32", 1)[0].decode("ascii")


def test_bytes_are_what_the_page_says(head: Head) -> None:
    data = head_bytes(head)
    r = Reader(data)
    assert r.take("S4", 1)[0] == b"FCH1"
    version, v, i, p, m = (int(x) for x in r.take("<u4", 5))
    assert (version, v, i, p, m) == (1, len(head.vertices), head.triangles.size, len(head.parts), 52)
    assert r.take("<f4", 1)[0] == np.float32(0.01)
    np.testing.assert_array_equal(r.take("<f4", 3), head.pivot)
    np.testing.assert_array_equal(r.take("<f4", 6).reshape(2, 3), head.eyes)
    radius, *full = r.take("<f4", 4)
    assert radius == np.float32(head.eye_radius)
    np.testing.assert_allclose(np.degrees(full), [35, 25, 30], rtol=1e-6)
    end = 0
    for part in head.parts:
        assert r.name() == part.name
        r.take("<f4", 6)
        turns, first, count, zero = (int(x) for x in r.take("<u4", 4))
        assert (turns, first, zero) == (part.turns, end, 0)
        end += count
    assert end == i
    np.testing.assert_array_equal(r.take("<f4", 3 * v).reshape(v, 3), head.vertices)
    used = np.unique(head.triangles)
    normals = r.take("<f4", 3 * v).reshape(v, 3)
    np.testing.assert_allclose(np.linalg.norm(normals[used], axis=1), 1, atol=1e-4)
    np.testing.assert_array_equal(r.take("<f4", v), head.share)
    assert (r.take("u1", 4 * v).reshape(v, 4)[:, 3] == 255).all()
    np.testing.assert_array_equal(r.take("<u2", i).reshape(-1, 3), head.triangles)
    for name in ARKIT:
        assert r.name() == name
        n = int(r.take("<u4", 1)[0])
        scale, turn_scale = r.take("<f4", 2)
        index = r.take("<u2", n)
        move = np.zeros_like(head.vertices)
        move[index] = r.take("<i2", 3 * n).reshape(n, 3) * scale
        assert (np.diff(index.astype(int)) > 0).all()
        np.testing.assert_allclose(move, head.shape(name), atol=1.01 * scale)
        turned = normals[index] + r.take("<i2", 3 * n).reshape(n, 3) * turn_scale
        real = head.surface.normals(head.vertices + head.shape(name))[index]
        np.testing.assert_allclose(turned, real, atol=2e-3)
    assert r.at == len(data)


def test_the_unity_sample_has_this_head(head: Head) -> None:
    assert SAMPLE.read_bytes() == head_bytes(head)


def test_the_glb_has_52_named_targets(head: Head, tmp_path: Path) -> None:
    pygltflib = pytest.importorskip("pygltflib", reason="the studio extra is not installed")
    out = tmp_path / "head.glb"
    assert run(["head", "export", str(out)]) == 0
    doc = pygltflib.GLTF2().load(str(out))
    face = next(m for m in doc.meshes if m.name == "Face")
    assert tuple(face.extras["targetNames"]) == ARKIT
    assert {p.name for p in doc.nodes} >= {"EyeRight", "EyeLeft", "Head", "Neck", "Face", "Still"}
    for primitive in face.primitives:
        assert len(primitive.targets) == len(ARKIT)
    blob = doc.binary_blob()

    def view(number: int, kind: str) -> np.ndarray:
        v = doc.bufferViews[number]
        return np.frombuffer(blob[v.byteOffset : v.byteOffset + v.byteLength], kind)

    at = face.primitives[0].targets[ARKIT.index("jawOpen")]["POSITION"]
    sparse = doc.accessors[at].sparse
    moved = view(sparse.values.bufferView, "<f4").reshape(-1, 3)
    assert moved[:, 1].min() == pytest.approx(0.01 * head.shape("jawOpen")[:, 1].min(), rel=1e-3)
    assert struct.unpack_from("<4sII", out.read_bytes()) == (b"glTF", 2, out.stat().st_size)


def test_the_glb_is_read_by_trimesh(head: Head, tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh", reason="trimesh is not installed")
    pytest.importorskip("pygltflib", reason="the studio extra is not installed")
    out = tmp_path / "head.glb"
    assert run(["head", "export", str(out)]) == 0
    scene = trimesh.load(out)
    assert sum(len(g.faces) for g in scene.geometry.values()) == len(head.triangles)
    low, high = scene.bounds
    np.testing.assert_allclose(low, 0.01 * head.vertices[np.unique(head.triangles)].min(0), atol=1e-4)
    np.testing.assert_allclose(high, 0.01 * head.vertices[np.unique(head.triangles)].max(0), atol=1e-4)


def test_export_writes_whole_files_and_no_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "head.bytes"
    assert run(["head", "export", str(out)]) == 0
    assert run(["head", "export", str(out)]) == 1
    assert "--force" in capsys.readouterr().err
    assert run(["head", "export", str(out), "--force"]) == 0
    assert run(["head", "export", str(tmp_path / "head.fbx")]) == 1
    assert ".glb, .bytes, .png" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["head.bytes"]
