"""`facecue bake` with many lines: each baked once, whatever ends it; the right ones again when something changes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge import cli
from bridge.batch.ledger import NAME, Ledger
from bridge.batch.report import Line, write_report
from bridge.commands import bakery
from bridge.commands.watching import SETTLED_S, appearing
from bridge.commands.worklist import Job, Worklist
from bridge.controls import DirectionConfig

RATE = 16_000
ROOT = Path(cli.__file__).parents[1]
posix = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")


def speech(path: Path, seconds: float = 0.4, pitch: float = 140) -> Path:
    t = np.arange(round(seconds * RATE)) / RATE
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * pitch * t) * (1 + np.sin(2 * np.pi * 4 * t)), RATE)
    return path


def bake(*arguments: object) -> int:
    return cli.run(["bake", *map(str, arguments)])


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.splitlines()[0].split(" (")[0].split(",")[0]


def landmarks(path: Path) -> np.ndarray:
    return np.load(path, allow_pickle=False)["landmarks"]


def test_a_changed_setting_bakes_again_and_an_unchanged_one_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speech(tmp_path / "in" / "a.wav")
    place = (tmp_path / "in", "-o", tmp_path / "out")
    for options, baked in [
        ((), 1), ((), 0), (("--emotion", "sad"), 1), (("--emotion", "sad"), 0), (("--seed", 5), 1), ((), 1),
        (("--format", "npz,csv"), 1), ((), 0), (("--lookahead", "live"), 1), (("--rig", "vrm1"), 1),
        (("--rig", "vrm1", "--fps", 24), 1), (("--rig", "vrm1", "--fps", 24), 0),
    ]:  # fmt: skip
        assert bake(*place, *options) == 0
        assert said(capsys) == f"{baked} baked", options
    frames = len(landmarks(tmp_path / "out" / "a.npz"))
    curves = (tmp_path / "out" / "a.vrm1.csv").read_text().splitlines()
    assert len(curves) == 1 + frames
    assert curves[1].startswith("0.0208,")


def test_recordings_that_change_names_keep_their_faces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = speech(tmp_path / "in" / "a.wav"), speech(tmp_path / "in" / "b.wav", pitch=260)
    out = tmp_path / "out"
    assert bake(tmp_path / "in", "-o", out) == 0
    faces = landmarks(out / "a.npz"), landmarks(out / "b.npz")
    assert not np.array_equal(*faces)
    first.rename(tmp_path / "third")  # times and sizes stay: only the sound tells
    second.rename(first)
    (tmp_path / "third").rename(second)
    capsys.readouterr()
    assert bake(tmp_path / "in", "-o", out) == 0
    assert said(capsys) == "2 baked"
    np.testing.assert_array_equal(landmarks(out / "a.npz"), faces[1])
    np.testing.assert_array_equal(landmarks(out / "b.npz"), faces[0])


def test_a_manifest_directs_each_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b", "not_named"):
        speech(tmp_path / "in" / "act 1" / f"{name}.wav")
    (tmp_path / "lines.csv").write_text(
        "file;actor;emotion;rig\nact 1\\a.wav;Anna;angry;vrm1\nact 1/b.wav;;;\nact 1/gone.wav;;;\nx.wav;;merry;\n",
        encoding="utf-8-sig",
    )
    out = tmp_path / "out"
    arguments = (tmp_path / "in", "--manifest", tmp_path / "lines.csv", "-o", out)
    assert bake(*arguments) == 1
    output = capsys.readouterr()
    assert "2 baked" in output.out
    gone, merry = sorted(output.err.splitlines(), key=lambda line: "merry" in line)
    assert "lines.csv:4: " in gone
    assert "does not exist" in gone
    assert "lines.csv:5: emotion is 'merry'" in merry
    made = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert made == {"act 1/a.npz", "act 1/a.vrm1.csv", "act 1/b.npz", "report.html", NAME}
    with np.load(out / "act 1" / "a.npz", allow_pickle=False) as take:
        assert (take["emotion"].argmax(axis=1) == 0).all()
        frames = len(take["time_s"])
    head, *rows = (out / "act 1" / "a.vrm1.csv").read_text().splitlines()
    assert head.startswith("time_s,happy,angry,")
    assert len(rows) == frames
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "http" not in report.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert bake(*arguments) == 1
    assert "0 baked, 2 there already" in capsys.readouterr().out


def started(*arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "bridge", "bake", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.perf_counter() + seconds
    while not what():
        assert time.perf_counter() < end, "it did not happen in time"
        time.sleep(0.02)


def known(out: Path) -> int:
    return len(Ledger(out).entries)


@posix
def test_a_batch_that_was_killed_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in range(24):
        speech(tmp_path / "in" / f"{n:02}.wav", seconds=2, pitch=100 + n)
    out = tmp_path / "out"
    process = started(tmp_path / "in", "-o", out, "-j", 2)
    wait_for(lambda: known(out) >= 4)
    process.kill()
    process.communicate(timeout=20)
    time.sleep(1)  # its processes leave with it: nobody bakes on
    whole = {path: path.stat().st_mtime_ns for path in out.glob("*.npz")}
    there = known(out)
    assert 4 <= there < 24
    assert len(whole) < 24
    assert bake(tmp_path / "in", "-o", out, "-j", 1) == 0
    assert f"{24 - there} baked" in (said := capsys.readouterr().out)
    assert f"{there} there already" in said
    kept = [path for path, time_ns in whole.items() if path.stat().st_mtime_ns == time_ns]
    assert len(kept) >= there
    assert all(len(landmarks(path)) == 100 for path in out.glob("*.npz"))
    assert len(list(out.glob("*.npz"))) == 24


@posix
def test_a_process_that_is_lost_takes_no_line_with_it(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    for n in range(16):
        speech(tmp_path / "in" / f"{n:02}.wav", seconds=2)
    out = tmp_path / "out"
    process = started(tmp_path / "in", "-o", out, "-j", 2)
    wait_for(lambda: known(out) >= 2)
    bakers = [p for p in psutil.Process(process.pid).children() if "spawn_main" in " ".join(p.cmdline())]
    bakers[0].send_signal(signal.SIGKILL)
    told, error = process.communicate(timeout=120)
    assert (process.returncode, error) == (0, "")
    assert "16 baked" in told
    lines = (out / NAME).read_text().splitlines()
    assert sorted(json.loads(line)["take"] for line in lines) == [f"{n:02}" for n in range(16)]  # none twice
    assert not list(out.glob(".*.part"))


def test_drafts_of_batches_long_dead_are_removed(tmp_path: Path) -> None:
    speech(tmp_path / "in" / "a.wav")
    (tmp_path / "out").mkdir()
    old, fresh = tmp_path / "out" / ".x.npz.1.part", tmp_path / "out" / ".y.npz.1.part"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (1, old.stat().st_mtime - bakery.STALE_S - 60))
    assert bake(tmp_path / "in", "-o", tmp_path / "out") == 0
    assert (old.exists(), fresh.exists()) == (False, True)


def test_what_stops_a_batch_leaves_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    speech(tmp_path / "in" / "a.wav")
    place = (tmp_path / "in", "-o", tmp_path / "out", "--report")
    assert bake(*place, "--rig", "vrm7") == 1
    (tmp_path / "lines.csv").write_text("file,emotoin\na.wav,sad\n")
    assert bake(*place, "--manifest", tmp_path / "lines.csv") == 1
    assert not (tmp_path / "out").exists()
    rig, column = capsys.readouterr().err.splitlines()
    assert "no rig 'vrm7'" in rig
    assert "lines.csv:1: unknown column 'emotoin'" in column


# watching


def test_a_file_that_grows_is_waited_for_and_baked_once(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    job = Job(path, tmp_path / "x", "x", DirectionConfig())
    now = [0.0]
    jobs = appearing(lambda: Worklist([job] if path.exists() else []), lambda _: False, lambda: now[0])

    def given(seconds: float) -> list[Job]:
        until, found = now[0] + seconds, []
        while now[0] < until:
            now[0] += 0.1
            found += [each for each in (next(jobs),) if each is not None]
        return found

    assert given(5) == []
    path.write_bytes(b"")
    assert given(5) == []  # somebody has only made it
    for size in range(1, 6):
        path.write_bytes(b"x" * size)
        assert given(SETTLED_S - 0.5) == []
    assert given(SETTLED_S + 2.5) == [job]
    assert given(10) == []
    path.write_bytes(b"another")
    assert given(SETTLED_S + 3) == [job]


@posix
def test_watching_bakes_what_appears_until_it_is_ended(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    out = tmp_path / "out"
    process = started(tmp_path / "in", "-o", out, "--watch", "--report", "-j", 1)
    made = speech(tmp_path / "elsewhere" / "a.wav")
    time.sleep(1)
    shutil.copy(made, tmp_path / "in" / "a.wav")
    (tmp_path / "in" / "bad.wav").write_text("no sound")
    wait_for(lambda: known(out) == 1)
    wait_for((out / "report.html").exists)
    process.send_signal(signal.SIGTERM)
    told, error = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "a.wav: baked" in told
    assert "1 baked" in told
    assert "bad.wav is not audio" in error


# the report


def test_no_name_breaks_out_of_the_report(tmp_path: Path) -> None:
    name = "</script><b>/*LINES*/"
    lines = [Line(name, tmp_path / "in" / "ä b.wav", fault="x"), Line("b", tmp_path / "b.wav")]
    assert write_report(tmp_path / "report.html", name, lines) == 2
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert name not in page
    assert page.count("</script>") == 1
    assert "in/%C3%A4%20b.wav" in page
