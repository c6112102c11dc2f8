"""The npz take: keys, shapes, dtypes; whole or absent."""

import errno
import sys
from pathlib import Path

import numpy as np
import pytest

from bridge.frames import ARKIT, EMOTIONS, RigFrame, frame_time_s, rest_cues
from bridge.landmarks import neutral_face
from bridge.takes import TakeError, frames_in, open_take
from bridge.takes.npz import KEYS, NpzTake


def frame(n: int) -> RigFrame:
    rng = np.random.default_rng(n)
    cues = rest_cues(n, neutral_face()).with_(
        gaze=rng.normal(size=(2, 2)).astype(np.float32),
        emotion=rng.dirichlet(np.ones(len(EMOTIONS))).astype(np.float32),
        landmarks=neutral_face() + rng.normal(size=(68, 3)).astype(np.float32),
    )
    return RigFrame(cues, rng.uniform(size=len(ARKIT)).astype(np.float32), 0.1)


def test_a_take_holds_what_was_added(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "take.npz"
    frames = [frame(n) for n in range(1203)]  # more than twice the first growth
    with open_take(path, "npz") as take:
        for one in frames:
            take.add(one)
        assert not path.exists()
    data = np.load(path, allow_pickle=False)
    assert set(data.files) == set(KEYS)
    assert data["rate_hz"] == 50
    assert data["rate_hz"].dtype == np.float32
    assert tuple(data["arkit_names"]) == ARKIT
    assert tuple(data["emotion_names"]) == EMOTIONS
    np.testing.assert_array_equal(data["neutral"], neutral_face())
    np.testing.assert_allclose(data["time_s"], [frame_time_s(n) for n in range(1203)], rtol=1e-6)
    for key in ("landmarks", "gaze", "head_rotation", "head_translation", "emotion"):
        assert data[key].dtype == np.float32
        np.testing.assert_array_equal(data[key], [getattr(one.cues, key) for one in frames])
    np.testing.assert_array_equal(data["arkit"], [one.weights for one in frames])
    assert frames_in(path, "npz") == 1203
    assert [p.name for p in path.parent.iterdir()] == ["take.npz"]


def test_an_error_leaves_nothing_and_keeps_the_older_take(tmp_path: Path) -> None:
    path = tmp_path / "take.npz"
    with NpzTake(path) as take:
        take.add(frame(0))
    before = path.read_bytes()

    def fail() -> None:
        with NpzTake(path) as take:
            take.add(frame(1))
            raise RuntimeError("the network fell over")

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="/dev/full stands in for a full disk")
@pytest.mark.parametrize("format_", ["npz", "csv"])
@pytest.mark.parametrize("frames", [1, 3000])
def test_a_full_disk_leaves_nothing(tmp_path: Path, format_: str, frames: int) -> None:
    take = open_take(tmp_path / f"take.{format_}", format_)
    take._draft.file.close()  # type: ignore[attr-defined]
    take._draft.file = Path("/dev/full").open("wb")  # type: ignore[attr-defined]  # noqa: SIM115

    def write() -> None:
        with take:
            for n in range(frames):
                take.add(frame(n))

    with pytest.raises(OSError, match="No space left") as caught:
        write()
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format_", ["npz", "csv"])
def test_a_take_cut_short_is_not_whole(tmp_path: Path, format_: str) -> None:
    path = tmp_path / f"take.{format_}"
    with open_take(path, format_) as take:
        for n in range(5):
            take.add(frame(n))
    assert frames_in(path, format_) == 5
    whole = path.read_bytes()
    for size in (0, 1, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(TakeError, match="bake it again"):
            frames_in(path, format_)


def test_a_file_of_other_arrays_is_no_take(tmp_path: Path) -> None:
    path = tmp_path / "take.npz"
    np.savez(path, time_s=np.zeros(3, np.float32))
    with pytest.raises(TakeError, match="lacks landmarks"):
        frames_in(path, "npz")


def test_an_unknown_format_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(TakeError, match=r"'fbx'.*npz, csv"):
        open_take(tmp_path / "x.fbx", "fbx")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(OSError, match="out"):
        open_take(tmp_path / "out" / "x.npz", "npz")
