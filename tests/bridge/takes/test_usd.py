"""The take as USD, read and skinned by Pixar's own library."""

from pathlib import Path

import numpy as np
import pytest

from bridge.frames import ARKIT, RigFrame
from bridge.head import load_head
from bridge.takes import open_take
from bridge.takes.rate import at_rate

pytest.importorskip("pxr", reason="usd-core is not here (the studio extra)")
from pxr import Gf, Usd, UsdGeom, UsdSkel


def baked(path: Path, frames: list[RigFrame], fps: int = 50) -> Path:
    with open_take(path, path.suffix[1:], rate_hz=fps, sound="line.wav") as take:
        for frame in frames:
            take.add(frame)
    return path


@pytest.mark.parametrize(("format_", "fps"), [("usd", 50), ("usda", 24)])
def test_the_animation_holds_what_was_added(
    tmp_path: Path, performance: list[RigFrame], format_: str, fps: int
) -> None:
    stage = Usd.Stage.Open(str(baked(tmp_path / f"take.{format_}", performance, fps)))
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    assert UsdGeom.GetStageMetersPerUnit(stage) == 0.01
    assert (stage.GetTimeCodesPerSecond(), stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (
        fps,
        0,
        2 * fps,
    )
    assert stage.GetDefaultPrim().GetPath() == "/Facecue"
    skeleton = UsdSkel.Skeleton.Get(stage, "/Facecue/Skeleton")
    cache = UsdSkel.Cache()
    cache.Populate(UsdSkel.Root(stage.GetDefaultPrim()), Usd.PrimDefaultPredicate)
    query = cache.GetSkelQuery(skeleton)
    animation = query.GetAnimQuery()
    assert tuple(animation.GetBlendShapeOrder()) == ARKIT
    assert [joint.rpartition("/")[2] for joint in animation.GetJointOrder()] == [
        "Neck", "Head", "EyeRight", "EyeLeft",
    ]  # fmt: skip
    shown = list(at_rate(performance, fps))
    assert list(animation.GetBlendShapeWeightTimeSamples()) == [n + 0.5 for n in range(len(shown))]
    for n, frame in enumerate(shown):
        assert (n + 0.5) / fps == pytest.approx(frame.cues.time_s, abs=1e-9)
        weights = animation.ComputeBlendShapeWeights(n + 0.5)
        np.testing.assert_allclose(weights, frame.weights, rtol=0, atol=1e-6)
        turn = Gf.Quatf(animation.ComputeJointLocalTransformComponents(n + 0.5)[1][1])
        read = np.array([*turn.GetImaginary(), turn.GetReal()])
        assert abs(float(read @ frame.cues.head_rotation)) == pytest.approx(1, abs=1e-6)


def test_skinned_by_pixar_it_is_the_pose_of_the_head(tmp_path: Path, performance: list[RigFrame]) -> None:
    frames = performance[40:44]
    stage = Usd.Stage.Open(str(baked(tmp_path / "take.usd", frames)))
    mesh = UsdGeom.Mesh.Get(stage, "/Facecue/Head")
    assert UsdSkel.BakeSkinning(
        stage.GetDefaultPrim() and UsdSkel.Root(stage.GetDefaultPrim()), Gf.Interval(0, 5)
    )
    head = load_head()
    whole = (head.share == 0) | (
        head.share == 1
    )  # between them skinning is linear, and our pose turns by a part
    assert whole.mean() > 0.5
    for n, frame in enumerate(frames):
        cues = frame.cues
        posed = head.pose(frame.weights, cues.gaze, cues.head_rotation, cues.head_translation)
        points = np.array(mesh.GetPointsAttr().Get(n + 0.5))
        np.testing.assert_allclose(points[whole], posed[whole], atol=2e-4)
        assert np.abs(points - head.vertices).max() > 0.5  # cm: it does move
        assert np.abs(points - posed).max() < 0.5


def test_the_layer_says_what_it_is(tmp_path: Path, performance: list[RigFrame]) -> None:
    text = baked(tmp_path / "take.usda", performance[:2]).read_text(encoding="utf-8")
    assert text.startswith("#usda 1.0")
    stage = Usd.Stage.Open(str(baked(tmp_path / "take.usd", performance[:2], 24)))
    about = stage.GetRootLayer().customLayerData["facecue"]
    assert (about["frames"], about["rate_hz"], about["sound"]) == (1, 24, "line.wav")
