"""The solve and the student, on a made-up basis: no data set is needed."""

import numpy as np
import pytest

pytest.importorskip("torch")

from bridge import landmarks as face
from bridge.frames import ARKIT_INDEX, Cues, Floats, rest_cues
from bridge.retarget import Retarget, mirrored_order
from models.training.retarget import SOLVED, distil, expressions, parting, save, solve

pytestmark = pytest.mark.torch
ORDER = list(mirrored_order())


@pytest.fixture(scope="module")
def basis() -> Floats:
    """(52, 68, 3) random shapes, mirror images of each other; the jaw moves the lower lip."""
    rng = np.random.default_rng(0)
    shapes = rng.normal(0, 0.15, (52, 68, 3)).astype(np.float32)
    shapes += face.mirrored(shapes)[ORDER]
    jaw = shapes[ARKIT_INDEX["jawOpen"]]
    jaw[:] = 0
    jaw[[5, 6, 7, 8, 9, 10, 11, 55, 56, 57, 58, 59, 65, 66, 67], 1] = -3.0
    return shapes


def known(count: int) -> Floats:
    weights = expressions(count, np.random.default_rng(1))
    out: Floats = np.zeros_like(weights)
    out[:, SOLVED] = weights[:, SOLVED]
    return out


def test_solve_finds_the_weights_again(basis: Floats) -> None:
    truth = known(200)
    moves = np.einsum("ti,ipc->tpc", truth, basis)
    found = solve(moves, basis, np.zeros_like(truth), np.full(52, 1e-3, np.float32), sweeps=400)
    assert np.abs(found - truth).mean() < 0.01
    assert found.min() >= 0
    assert found.max() <= 1


def test_solve_leaves_head_motion_alone(basis: Floats) -> None:
    shift = np.broadcast_to(np.array([0.1, -0.1, 0.05], np.float32), (1, 68, 3))
    found = solve(
        np.ascontiguousarray(shift), basis, np.zeros((1, 52), np.float32), np.full(52, 100.0, np.float32)
    )
    assert found.max() < 0.05


def test_prior_decides_what_landmarks_do_not_show(basis: Floats) -> None:
    hidden = basis.copy()
    silent = ARKIT_INDEX["cheekPuff"]
    hidden[silent] = 0
    mean = np.zeros((1, 52), np.float32)
    mean[0, silent] = 0.4
    found = solve(np.zeros((1, 68, 3), np.float32), hidden, mean, np.full(52, 100.0, np.float32))
    assert found[0, silent] == pytest.approx(0.4, abs=1e-4)


def test_expressions_are_plausible() -> None:
    drawn = expressions(900, np.random.default_rng(2))
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert (drawn.sum(1) == 0).sum() >= 300
    assert (drawn[:, ARKIT_INDEX["mouthClose"]] <= drawn[:, ARKIT_INDEX["jawOpen"]]).all()
    assert (drawn[:, [ARKIT_INDEX["jawLeft"], ARKIT_INDEX["jawRight"]]].min(1) == 0).all()


def test_student_learns_and_the_bridge_reads_it(
    basis: Floats, tmp_path_factory: pytest.TempPathFactory
) -> None:
    truth = known(3000)
    moves = np.einsum("ti,ipc->tpc", truth, basis).astype(np.float32)
    student = distil(moves, truth, steps=250)
    path = tmp_path_factory.mktemp("map") / "map.npz"
    save(student, basis, path)
    retarget = Retarget(path)
    np.testing.assert_allclose(retarget.parting, parting(basis))

    def cues(move: Floats) -> Cues:
        return rest_cues(0, face.neutral_face()).with_(landmarks=face.neutral_face() + move)

    assert retarget(cues(np.zeros((68, 3), np.float32))).max() == 0
    brow = [ARKIT_INDEX["browDownLeft"], ARKIT_INDEX["noseSneerRight"], ARKIT_INDEX["mouthSmileLeft"]]
    got = np.stack([retarget(cues(m)) for m in moves[:300]])[:, brow]
    assert np.corrcoef(got.ravel(), truth[:300][:, brow].ravel())[0, 1] > 0.95
