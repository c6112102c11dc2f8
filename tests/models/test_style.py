"""Whose manner of speaking it is: how far the mouth goes, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bridge import landmarks as face  # noqa: E402
from bridge.frames import STYLES  # noqa: E402
from models.data.tracks import read_track  # noqa: E402
from models.style import Style  # noqa: E402
from models.training.style import FURTHEST, reach, some  # noqa: E402

pytestmark = pytest.mark.torch
READER, ACTOR = STYLES.index("reader"), STYLES.index("actor")


def test_a_style_moves_the_mouth_alone_and_mixes_in_shares() -> None:
    model, content = Style(), torch.randn(1, 5, 68, 3)
    model.reach[ACTOR] = torch.tensor([np.log(1.2), np.log(1.44), 0.0])
    one = torch.eye(len(STYLES))
    assert float(model(one[READER : READER + 1], content).abs().max()) == 0.0
    moved = model(one[ACTOR : ACTOR + 1], content)
    lower = list(face.LOWER_FACE)
    torch.testing.assert_close(moved[..., lower, 1], 0.44 * content[..., lower, 1])
    torch.testing.assert_close(moved[..., lower, 0], 0.2 * content[..., lower, 0])
    assert float(moved[..., list(face.BROWS), :].abs().max()) == 0.0
    half = model((one[READER] + one[ACTOR]).unsqueeze(0) / 2, content)
    torch.testing.assert_close(half[..., lower, 1], 0.2 * content[..., lower, 1])


def test_reach_is_how_far_lips_go(data_folder: Path) -> None:
    rng = np.random.default_rng(0)
    points = np.zeros((400, 68, 3))
    points[:, list(face.MOUTH), 1] = rng.uniform(-1, 1, (400, 1))
    points[:, list(face.BROWS)] = rng.uniform(-9, 9, (400, 10, 3))
    np.testing.assert_allclose(reach(points), (0, 1.8, 0), atol=0.05)
    tracked = reach(read_track(next(iter(some((data_folder / "talk").glob("*.npz"))))).landmarks)
    assert tracked[1] > 3 * tracked[0]  # the made tracks open and close


def test_the_recipe_is_bounded(trained_style: torch.Tensor) -> None:
    assert float(trained_style.abs().max()) <= FURTHEST + 1e-6
    assert float(trained_style[ACTOR][1]) > 0  # an untrained branch hardly opens the mouth; people do


@pytest.fixture
def trained_style(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> torch.Tensor:
    from models.content import Content, ContentConfig
    from models.speech_encoder import EncoderConfig
    from models.training.style import fit

    torch.manual_seed(0)
    content = Content(ContentConfig(EncoderConfig(ahead=(1, 1), past=5, feed=24), 16, (1, 2), 6)).eval()
    content.basis.normal_(0, 0.05)
    model = fit(content, 4, data_folder)
    assert "people reach" in capsys.readouterr().out
    return model.reach
