"""What is said of generated faces: judged, drawn, and compared, on faces that are made by hand."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from bridge import landmarks as face  # noqa: E402
from bridge.frames import Floats, Steering  # noqa: E402
from models.data.tracks import Track  # noqa: E402
from models.evaluation import ablation, face_emotion, portraits  # noqa: E402
from models.evaluation.face_emotion import Made, dial, directed, diversity, face_report  # noqa: E402

pytestmark = pytest.mark.torch
SHAPES = np.random.default_rng(0).normal(0, 0.2, (8, 68, 3)).astype(np.float32)
SHAPES[:, list(face.GAP_UPPER)] = SHAPES[:, list(face.GAP_LOWER)] = 0.0


def puppet(samples: Floats, steering: Steering) -> Made:
    """A face whose mouth follows loudness, whose posture is its emotion's, and whose eyes are drawn by the seed."""
    frames = max(10, samples.size // 320)
    loud = (
        np.abs(samples[: frames * 320]).reshape(-1, 320).mean(1)
        if samples.size >= frames * 320
        else np.zeros(frames)
    )
    moved = np.repeat(
        (steering.intensity * steering.emotion @ SHAPES.reshape(8, -1)).reshape(1, 68, 3), frames, 0
    )
    moved[:, list(face.GAP_LOWER), 1] -= 3 * loud[:, None]
    gaze = np.random.default_rng(steering.seed).normal(0, 0.1, (frames, 2, 2)).astype(np.float32)
    return Made(moved.astype(np.float32), gaze, np.tile(np.array([0, 0, 0, 1], np.float32), (frames, 1)))


def test_every_recording_is_directed_to_every_emotion() -> None:
    made = directed(puppet, [np.zeros(6400, np.float32), np.zeros(9600, np.float32)])
    assert [k for _, k in made] == [*range(8), *range(8)]
    np.testing.assert_allclose(made[3][0][0], SHAPES[3], atol=1e-6)


def test_the_dial_and_two_seeds_are_measured() -> None:
    samples = np.zeros(16000, np.float32)
    for values in dial(puppet, samples).values():
        assert values[0] == 0
        np.testing.assert_allclose(np.array(values) / values[2], face_emotion.DIAL, atol=1e-4)
    apart = diversity(puppet, samples)
    assert apart["gaze_deg"] > 1
    assert apart["lip_gap_mm"] == 0


def test_a_report_of_a_folder_without_clips_still_judges(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = face_report({"puppet": puppet}, data_folder)
    row = report["puppet"]
    assert abs(row["lip_cost"]) < 1e-3  # what it feels does not move its lips
    assert "dial happy" in capsys.readouterr().out
    assert face_report({"puppet": puppet}, tmp_path) == {}
    assert face_emotion.recordings(tmp_path) == []


def test_pictures_are_drawn_where_there_was_no_folder(tmp_path: Path) -> None:
    path = portraits.strip(tmp_path / "new" / "strip.png", {"puppet": puppet}, np.zeros(32000, np.float32))
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_a_blink_is_no_glance() -> None:
    gaze = np.zeros((400, 2), np.float32)
    gaze[100:112] = 0.3  # lids come down, and take the iris with them
    lids = np.ones((400, 2), np.float32)
    lids[98:114] = 0.05
    assert ablation.glances([gaze])[0] > 0
    assert ablation.glances([gaze], [lids])[0] == 0
    gaze[250:] = 0.3
    assert ablation.glances([gaze], [lids])[0] == pytest.approx(1 / 8)


def test_between_joined_clips_nothing_is_known() -> None:
    times = np.concatenate([np.arange(0, 1, 0.04), np.arange(2, 3, 0.04)]).astype(np.float32)
    points = np.zeros((len(times), 68, 3), np.float32)
    iris, pose = np.zeros((len(times), 10, 3), np.float32), np.zeros((len(times), 4, 4), np.float32)
    track = Track("two", times, points, iris, pose, np.zeros((len(times), 0), np.float32))
    asked = np.array([0.5, 0.97, 1.5, 1.99, 2.5], np.float32)
    assert track.covers(asked).tolist() == [True, True, False, True, True]
