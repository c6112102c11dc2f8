"""An npz take read back as frames."""

from pathlib import Path

import numpy as np
import pytest

from bridge.frames import RigFrame, arrays_of
from bridge.takes import TakeError, open_take
from bridge.takes.reading import frames_of


def baked(path: Path, frames: list[RigFrame], fps: int) -> Path:
    with open_take(path, "npz", rate_hz=fps) as take:
        for frame in frames:
            take.add(frame)
    return path


def test_the_frames_are_those_that_were_added(tmp_path: Path, performance: list[RigFrame]) -> None:
    read = list(frames_of(baked(tmp_path / "take.npz", performance, 50)))
    assert len(read) == len(performance)
    for one, other in zip(read, performance, strict=True):
        for key, values in arrays_of(one).items():
            assert np.array_equal(values, arrays_of(other)[key])


@pytest.mark.parametrize("fps", [25, 60])
def test_a_take_at_another_rate_is_brought_back_to_fifty(
    tmp_path: Path, performance: list[RigFrame], fps: int
) -> None:
    path = baked(tmp_path / "take.npz", performance, fps)
    assert np.load(path)["rate_hz"] == fps
    read = list(frames_of(path))
    assert [frame.cues.n for frame in read] == list(range(len(performance)))
    assert np.allclose([f.cues.time_s for f in read], [f.cues.time_s for f in performance])
    moves = np.array([frame.cues.head_translation[0] for frame in read])
    assert np.allclose(
        moves[2:-2], [frame.cues.head_translation[0] for frame in performance][2:-2], atol=1e-4
    )


def test_a_take_without_a_rate_is_refused(tmp_path: Path, performance: list[RigFrame]) -> None:
    path = baked(tmp_path / "take.npz", performance[:2], 50)
    arrays = dict(np.load(path)) | {"rate_hz": np.float32(0)}
    np.savez(path, **arrays)
    with pytest.raises(TakeError, match="has no rate"):
        list(frames_of(path))
