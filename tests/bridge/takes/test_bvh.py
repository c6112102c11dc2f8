"""The head as BVH, read by bvhio, which turns its channels into quaternions by itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.frames import RigFrame
from bridge.head import load_head
from bridge.head.glb import NECK_BASE_CM
from bridge.head.model import eye_turn
from bridge.takes import open_take
from bridge.takes.brush import rotation_matrix
from bridge.takes.rate import RATES, START, at_rate


def baked(path: Path, frames: list[RigFrame], fps: int = 50) -> Path:
    with open_take(path, "bvh", rate_hz=fps) as take:
        for frame in frames:
            take.add(frame)
    return path


def matrix(pose: Any) -> np.ndarray:
    """(3, 3) of bvhio's rotation, whose quaternions are w x y z."""
    w, x, y, z = pose.Rotation
    return np.asarray(rotation_matrix(np.array([x, y, z, w])))


@pytest.mark.parametrize("fps", RATES)
def test_another_reader_sees_head_and_eyes_turn_and_move(
    tmp_path: Path, performance: list[RigFrame], fps: int
) -> None:
    bvhio = pytest.importorskip("bvhio", reason="bvhio is not here (the dev extra)")
    file = bvhio.readAsBvh(str(baked(tmp_path / "take.bvh", performance, fps)))
    assert file.FrameCount == 2 * fps
    assert pytest.approx(1 / fps, abs=1e-8) == file.FrameTime
    joints = {joint.Name: joint for joint, _, _ in file.Root.layout()}
    assert list(joints) == ["Neck", "Head", "EyeRight", "EyeLeft"]
    head = load_head()
    assert np.allclose(NECK_BASE_CM + np.array(joints["Head"].Offset), head.pivot, atol=1e-4)
    for side, name in enumerate(("EyeRight", "EyeLeft")):
        assert np.allclose(head.pivot + np.array(joints[name].Offset), head.eyes[side], atol=1e-4)
    for n, shown in enumerate(at_rate(performance, fps, phase=START)):
        cues = shown.cues
        at = {name: joint.Keyframes[n] for name, joint in joints.items()}
        assert np.allclose(at["Neck"].Position, NECK_BASE_CM + cues.head_translation, atol=1e-5)
        assert np.allclose(matrix(at["Neck"]), np.eye(3), atol=1e-6)
        assert np.allclose(matrix(at["Head"]), rotation_matrix(cues.head_rotation), atol=2e-6)
        for side, name in enumerate(("EyeRight", "EyeLeft")):
            assert np.allclose(matrix(at[name]), eye_turn(cues.gaze[side]), atol=2e-6)


def test_the_file_says_its_order_of_turns(tmp_path: Path, performance: list[RigFrame]) -> None:
    text = baked(tmp_path / "take.bvh", performance[:2]).read_text(encoding="ascii")
    assert text.startswith("HIERARCHY\nROOT Neck\n{\n")
    assert text.count("Yrotation Xrotation Zrotation") == 4
    assert "CHANNELS 6 Xposition Yposition Zposition Yrotation Xrotation Zrotation" in text
    assert "\nMOTION\nFrames: 2\nFrame Time: 0.02000000\n" in text
