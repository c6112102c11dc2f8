import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.timeline import FrameLevels, level_dbfs


@given(st.lists(st.integers(0, 900), max_size=8), st.integers(0, 2**16))
def test_levels_of_frames_do_not_depend_on_blocks(sizes: list[int], seed: int) -> None:
    samples = np.random.default_rng(seed).normal(0, 0.1, sum(sizes)).astype(np.float32)
    levels = FrameLevels()
    at = 0
    for size in sizes:
        levels.feed(samples[at : at + size])
        at += size
    frames = samples[: samples.size // 320 * 320].reshape(-1, 320)
    for frame in frames:
        assert levels.take() == pytest.approx(level_dbfs(frame), abs=1e-3)
    assert levels.take() == -120.0
