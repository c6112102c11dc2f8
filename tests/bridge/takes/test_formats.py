"""What all formats have in common: whole or absent, at the rate that was asked for."""

import errno
import re
import sys
import typing
from pathlib import Path

import pytest

from bridge.frames import RigFrame
from bridge.takes import FORMATS, TIMED, TakeError, checked_fps, frames_in, open_take, require
from bridge.takes.rate import RATES

NEEDS = {"glb": "pygltflib", "usd": "pxr", "usda": "pxr"}


def written(path: Path, format_: str, frames: list[RigFrame], fps: int = 50) -> Path:
    if format_ in NEEDS:
        pytest.importorskip(NEEDS[format_], reason=f"{NEEDS[format_]} is not here (the studio extra)")
    with open_take(path, format_, rate_hz=fps, sound="line.wav") as take:
        for frame in frames:
            take.add(frame)
        assert not path.exists()
    return path


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("fps", RATES)
def test_a_take_has_as_many_frames_as_its_rate_says(
    tmp_path: Path, performance: list[RigFrame], format_: str, fps: int
) -> None:
    path = written(tmp_path / f"take.{format_}", format_, performance, fps)
    assert frames_in(path, format_) == 2 * (50 if format_ in TIMED else fps)
    assert [p.name for p in tmp_path.iterdir()] == [f"take.{format_}"]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_take_cut_short_is_not_whole(tmp_path: Path, performance: list[RigFrame], format_: str) -> None:
    path = written(tmp_path / f"take.{format_}", format_, performance)
    whole = path.read_bytes()
    for size in (0, 1, 10, len(whole) // 3, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(TakeError, match="bake it again"):
            frames_in(path, format_)
    path.unlink()
    with pytest.raises(OSError, match=path.name):
        frames_in(path, format_)


@pytest.mark.skipif(sys.platform == "win32", reason="/dev/full stands in for a full disk")
@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("fps", [50, 24])
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, performance: list[RigFrame], format_: str, fps: int
) -> None:
    if format_ in NEEDS:
        pytest.importorskip(NEEDS[format_], reason=f"{NEEDS[format_]} is not here (the studio extra)")
    take = open_take(tmp_path / f"take.{format_}", format_, rate_hz=fps)
    draft = getattr(take, "_take", take)._draft  # of the take within, where it is at another rate
    draft.file.close()
    draft.file = Path("/dev/full").open("wb")  # noqa: SIM115

    def write() -> None:
        with take:
            for frame in performance:
                take.add(frame)

    with pytest.raises(OSError, match="No space left") as caught:
        write()
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format_", FORMATS)
def test_an_error_keeps_the_older_take(tmp_path: Path, performance: list[RigFrame], format_: str) -> None:
    path = written(tmp_path / f"take.{format_}", format_, performance[:30])
    before = path.read_bytes()

    def fail() -> None:
        with open_take(path, format_, rate_hz=30) as take:
            take.add(performance[0])
            raise RuntimeError("the network fell over")

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("format_", ["glb", "usd"])
def test_a_missing_library_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    monkeypatch.setitem(sys.modules, NEEDS[format_], None)
    for ask in (lambda: require([format_]), lambda: open_take(tmp_path / "x" / "take", format_)):
        with pytest.raises(TakeError, match=r"pip install 'facecue\[studio\]'"):
            ask()
    assert list(tmp_path.iterdir()) == []
    require(["npz", "bvh"])


def test_a_rate_that_cannot_be(tmp_path: Path) -> None:
    for fps in (0, -25, 241):
        with pytest.raises(TakeError, match=f"{fps} frames a second"):
            open_take(tmp_path / "take.npz", "npz", rate_hz=fps)
    assert checked_fps(24) == 24


def test_the_command_and_the_page_know_every_format() -> None:
    from bridge.commands.bake import bake

    (help_,) = (
        a.help for a in typing.get_args(typing.get_type_hints(bake, include_extras=True)["formats"])[1:]
    )
    page = (Path(__file__).parents[3] / "docs" / "takes.md").read_text(encoding="utf-8")
    for format_ in FORMATS:
        assert re.search(rf"[ ,.]{re.escape(format_)}[,.]|^Any of {re.escape(format_)},", help_), format_
        assert f"`{format_}`" in page
