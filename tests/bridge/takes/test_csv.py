"""The Live Link Face take: columns by name, timecode, angles."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from bridge.arkit import angles
from bridge.frames import ARKIT, RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.takes import TakeError, frames_in, open_take
from bridge.takes.csv import ANGLES, COLUMNS, HEADER, SHAPES, CsvTake, timecode
from bridge.takes.rate import RATES, at_rate


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="ascii") as file:
        return list(csv.DictReader(file))


def test_every_shape_and_angle_once() -> None:
    assert len(COLUMNS) == 61
    assert len(set(COLUMNS)) == 61
    assert {name[0].lower() + name[1:] for name in SHAPES} == set(ARKIT)
    assert len(ANGLES) == 9


def test_the_recording_has_right_before_left_for_jaw_and_mouth() -> None:
    # the app's packet has these pairs the other way round
    assert (
        "JawForward,JawRight,JawLeft,JawOpen,MouthClose,MouthFunnel,MouthPucker,MouthRight,MouthLeft"
        in HEADER
    )
    assert HEADER.startswith(
        "Timecode,BlendshapeCount,EyeBlinkLeft,EyeLookDownLeft,EyeLookInLeft,EyeLookOutLeft,"
    )
    assert HEADER.endswith("TongueOut,HeadYaw,HeadPitch,HeadRoll,LeftEyeYaw,LeftEyePitch,LeftEyeRoll,"
                           "RightEyeYaw,RightEyePitch,RightEyeRoll")  # fmt: skip


def test_values_stand_under_their_own_names(tmp_path: Path) -> None:
    weights = np.linspace(0, 1, len(ARKIT), dtype=np.float32)
    cues = rest_cues(51, neutral_face()).with_(
        gaze=np.array([[0.1, 0.2], [0.3, -0.4]], np.float32),  # right eye, left eye
        head_rotation=np.array([0, math.sin(0.25), 0, math.cos(0.25)], np.float32),
    )
    path = tmp_path / "take.csv"
    with CsvTake(path) as take:
        take.add(RigFrame(cues, weights, 0.0))
    (row,) = rows(path)
    assert row["Timecode"] == "00:00:01:01.500"
    assert row["BlendshapeCount"] == "61"
    for i, name in enumerate(ARKIT):
        assert float(row[name[0].upper() + name[1:]]) == pytest.approx(weights[i], abs=1e-6)
    angles = {name: pytest.approx(0, abs=1e-6) for name in ANGLES}
    angles |= {"HeadYaw": pytest.approx(0.5, abs=1e-6)}
    angles |= {"RightEyeYaw": pytest.approx(0.1), "RightEyePitch": pytest.approx(-0.2)}
    angles |= {"LeftEyeYaw": pytest.approx(0.3), "LeftEyePitch": pytest.approx(0.4)}
    assert {name: float(row[name]) for name in ANGLES} == angles
    assert frames_in(path, "csv") == 1


def test_timecode_counts_fifty_frames_a_second() -> None:
    assert timecode(0) == "00:00:00:00.500"
    assert timecode(49) == "00:00:00:49.500"
    assert timecode(50 * 3600 * 2 + 50 * 61 + 7) == "02:01:01:07.500"


def test_another_table_is_no_take(tmp_path: Path) -> None:
    path = tmp_path / "take.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(TakeError, match="Live Link Face"):
        frames_in(path, "csv")


@pytest.mark.parametrize("fps", RATES)
def test_it_reads_back_equal_at_every_rate(tmp_path: Path, performance: list[RigFrame], fps: int) -> None:
    smpte = pytest.importorskip("timecode", reason="the package timecode is not here (the dev extra)")
    path = tmp_path / "take.csv"
    with open_take(path, "csv", rate_hz=fps) as take:
        for frame in performance:
            take.add(frame)
    shown = list(at_rate(performance, fps))
    read = rows(path)
    assert len(read) == len(shown) == 2 * fps
    for n, (row, frame) in enumerate(zip(read, shown, strict=True)):
        code, _, thousandths = row["Timecode"].rpartition(".")
        assert thousandths == "500"
        assert smpte.Timecode(fps, code).frame_number == n
        assert [float(row[f"{name[0].upper()}{name[1:]}"]) for name in ARKIT] == pytest.approx(
            frame.weights.tolist(), abs=1e-6
        )
        parts = zip(("Head", "LeftEye", "RightEye"), angles(frame.cues), strict=True)
        for part, turns in parts:
            assert [float(row[part + axis]) for axis in ("Yaw", "Pitch", "Roll")] == pytest.approx(
                turns, abs=1e-6
            )
