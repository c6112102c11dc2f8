"""Choosing a shipped network by its look-ahead."""

from pathlib import Path

import pytest

from bridge import weights
from bridge.weights import WeightsError, choose


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    waits = {"live": 80, "studio": 600, "swift": 40}
    for name in waits:
        (tmp_path / f"{name}.onnx").touch()
    monkeypatch.setattr(weights, "lookahead_ms", lambda path: waits[path.stem])
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("live", "live"),
        ("studio", "studio"),
        (40, "swift"),
        (79, "swift"),
        ("80", "live"),
        (599, "live"),
        (5000, "studio"),
    ],
)
def test_the_largest_look_ahead_that_fits(folder: Path, wanted: str | int, name: str) -> None:
    assert choose(wanted, folder) == folder / f"{name}.onnx"


@pytest.mark.parametrize("wanted", [39, 0, "dubbing", "-5", ""])
def test_what_is_shipped_is_listed(folder: Path, wanted: str | int) -> None:
    with pytest.raises(WeightsError, match=r"live \(80 ms\), studio \(600 ms\), swift \(40 ms\)"):
        choose(wanted, folder)


def test_an_empty_installation_says_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="install facecue again"):
        choose("live", tmp_path)


def test_the_two_named_networks_ship_and_keep_their_promise() -> None:
    assert set(weights.NAMED) <= set(weights.shipped())
    assert weights.lookahead_ms(choose("live")) <= 80
    assert weights.lookahead_ms(choose("studio")) > 80
