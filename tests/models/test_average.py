"""The mean of trained networks."""

import pytest

torch = pytest.importorskip("torch")

from models.training.average import PARTS, averaged  # noqa: E402

pytestmark = pytest.mark.torch


def run(value: float, hops: int = 8) -> dict[str, object]:
    parts = {part: {"weight": torch.full((2, 3), value), "steps": torch.tensor(4)} for part in PARTS}
    return {**parts, "config": {"width": 3}, "lookahead_hops": hops, "step": int(value)}


def test_every_weight_is_the_mean() -> None:
    mean = averaged([run(1.0), run(2.0), run(6.0)])
    for part in PARTS:
        assert torch.equal(mean[part]["weight"], torch.full((2, 3), 3.0))
        assert mean[part]["weight"].dtype == torch.float32
        assert mean[part]["steps"].dtype == torch.int64
    assert mean["step"] == 6
    assert mean["config"] == {"width": 3}


def test_networks_of_two_kinds_have_no_mean() -> None:
    with pytest.raises(ValueError, match="look-ahead"):
        averaged([run(1.0), run(2.0, hops=60)])
