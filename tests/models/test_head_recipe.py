"""The head's recipe on faces made up from the one that ships: no data set is needed."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the recipe interpolates with scipy")

from bridge.frames import ARKIT, ARKIT_INDEX
from bridge.head import load_head
from models.data.landmarker import LANDMARKS
from models.head import face, mesh, shapes
from models.head.face import LOWER_LIP, UPPER_LIP
from models.training.head import make, misses, read, stored

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def canonical() -> np.ndarray:
    return load_head().vertices[:468].astype(float)


@pytest.fixture(scope="module")
def made(canonical: np.ndarray):
    """A jaw that opens in the tracks as in the table, in 40 frames, 10 of them at rest."""
    rng = np.random.default_rng(0)
    jaw = load_head().shape("jawOpen")[:468].astype(float)
    scores = np.zeros((40, 52))
    scores[10:, ARKIT_INDEX["jawOpen"]] = rng.uniform(0.1, 0.9, 30)
    tracks = (
        canonical + scores[:, ARKIT_INDEX["jawOpen"], None, None] * jaw + rng.normal(0, 0.01, (40, 468, 3))
    )
    table = np.zeros((52, 68, 3), np.float32)
    table[ARKIT_INDEX["jawOpen"]] = jaw[list(LANDMARKS)]
    for side, sign in (("Left", 1), ("Right", -1)):
        corner = 54 if sign > 0 else 48
        table[ARKIT_INDEX[f"mouthSmile{side}"], corner] = (0.6 * sign, 0.9, -0.3)
    return make(tracks, scores, canonical, table, canonical[list(LANDMARKS)])


def test_the_topology_is_symmetric_with_four_holes(canonical: np.ndarray) -> None:
    triangles = face.topology()
    mirror = mesh.mirror_map(canonical, 0.01)
    assert sorted(len(loop) for loop in mesh.boundary_loops(triangles)) == [16, 16, 20, 36]
    assert {frozenset(t) for t in triangles.tolist()} == {frozenset(t) for t in mirror[triangles].tolist()}


def test_subdivision_keeps_a_plane_and_its_rim() -> None:
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.4, 0.5, 0]], float)
    triangles = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])
    matrix, finer = mesh.subdivided(triangles, 5)
    np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-6)
    assert len(finer) == 16
    assert sorted(len(loop) for loop in mesh.boundary_loops(finer)) == [8]
    np.testing.assert_allclose(
        mesh.normals(matrix @ square, finer), np.tile([0, 0, 1], (len(matrix), 1)), atol=1e-6
    )


def test_tracks_that_agree_with_the_table_are_believed(made) -> None:
    _, _, believed, _ = made
    assert set(believed) == {"jawOpen"}
    assert believed["jawOpen"] > 0.95


def test_landmarks_follow_the_table(made) -> None:
    _, moves, _, table = made
    missed = {name: miss for name, miss, _ in misses(moves, table)}
    assert set(missed) == {"jawOpen", "mouthSmileLeft", "mouthSmileRight"}
    assert missed["jawOpen"] < 0.35
    assert missed["mouthSmileLeft"] == pytest.approx(missed["mouthSmileRight"], abs=0.02)


def test_lips_are_neighbours_on_their_own_side_only(canonical: np.ndarray) -> None:
    open_ = shapes.opened(canonical)
    for up, low in zip(UPPER_LIP[2:-2], LOWER_LIP[2:-2], strict=True):
        assert np.linalg.norm(canonical[up] - canonical[low]) < 0.1
        assert np.linalg.norm(open_[up] - open_[low]) > 1.0


def test_what_is_stored_can_be_loaded(made, tmp_path: Path) -> None:
    bust, moves, _, _ = made
    path = tmp_path / "head.npz"
    np.savez_compressed(path, allow_pickle=False, **stored(bust, moves))
    head = load_head(path)
    np.testing.assert_allclose(head.vertices[:468], bust.vertices[:468])
    jaw = moves[ARKIT_INDEX["jawOpen"]][:468]
    np.testing.assert_allclose(head.shape("jawOpen")[:468], jaw, atol=4e-3)
    assert len(head.triangles) < len(bust.triangles), "the scalp under the hair is left out"


def test_only_the_grid_speaker_is_read(tmp_path: Path) -> None:
    path = tmp_path / "expressions.npz"
    vertices = np.zeros((3, 478, 3), np.float16)
    vertices[1] = 9
    scores = np.zeros((3, 52), np.float16)
    np.savez(path, vertices=vertices, blendshapes=scores, subject=np.array(["s1", "M030", "s1"]),
             canonical=np.zeros((468, 3), np.float32))  # fmt: skip
    tracks, _, _ = read(path, list(ARKIT))
    assert tracks.shape == (2, 468, 3)
    assert not tracks.any()
