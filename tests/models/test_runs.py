"""Training runs side by side, straight from `cues.pt`."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bridge.frames import frame_count  # noqa: E402
from models.content import Content, ContentConfig  # noqa: E402
from models.evaluation import clips, runs  # noqa: E402
from models.evaluation.plots import PlotError  # noqa: E402
from models.speech_encoder import EncoderConfig  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = ContentConfig(EncoderConfig((1, 0), past=5, feed=16), width=8, dilations=(1, 2), components=4)
    content = Content(config, np.random.default_rng(0).normal(0, 0.1, (4, 204)).astype(np.float32))
    path = tmp_path_factory.mktemp("run") / "cues.pt"
    torch.save(
        {"content": content.state_dict(), "config": asdict(config), "lookahead_hops": 4, "step": 1}, path
    )
    return path


def test_a_run_speaks_for_every_frame_and_hears_its_look_ahead(run: Path) -> None:
    trained = runs.Trained(run)
    rng = np.random.default_rng(1)
    sound = rng.normal(0, 0.1, 16000).astype(np.float32)
    whole = trained.landmarks(sound)
    assert whole.shape == (frame_count(sound.size), 68, 3)
    later = sound.copy()
    later[8000:] = 0
    cut = trained.landmarks(later)
    # frame n hears up to 40 ms past its middle: (n + 0.5) · 20 + 40 + 10 ms of the last hop
    same = np.abs(whole - cut).max((1, 2)) < 1e-6
    assert same[:23].all()
    assert not same[24:28].any()


def test_the_table_has_every_group_that_is_there(
    run: Path, data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = runs.run_table({"small": run, "again": run}, clips.groups(data_folder))
    assert rows["small"] == pytest.approx(rows["again"], nan_ok=True)
    assert rows["small"]["ahead"] == 40
    assert -1 <= rows["small"]["s1"] <= 1
    assert np.isnan(rows["small"]["elsewhere"])
    assert "others r" in capsys.readouterr().out
    try:
        assert runs.curve(tmp_path / "deep" / "curve.png", rows).stat().st_size > 5000
    except PlotError as missing:
        pytest.skip(str(missing))


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"models\.training\.cues"):
        runs.Trained(tmp_path / "no.pt")
    torch.save({"voice": {}}, tmp_path / "voice.pt")
    with pytest.raises(ValueError, match=r"cues\.pt"):
        runs.Trained(tmp_path / "voice.pt")
