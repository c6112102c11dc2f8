"""The take as USD: the project's own head with a SkelAnimation of 52 blend shapes, head and eyes. Needs usd-core.

`usd` is the binary kind, `usda` the same as text. Time codes are frames at the take's rate; a frame stands in the
middle of its stretch, at n + 0.5, so that time code 0 is the beginning of the sound. What was taken is said in the
layer's custom data under `facecue`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from bridge.frames import ARKIT, RigFrame
from bridge.head import load_head
from bridge.takes import PLAIN, Slate, TakeError
from bridge.takes.draft import GatheredTake
from bridge.takes.joints import Motion
from bridge.takes.usd_head import JOINTS, ROOT, add_head, joint_offsets

GET_USD = "pip install 'facecue[studio]' (usd-core)"


def require_usd() -> None:
    """Nothing, if usd-core is there.

    Raises:
        TakeError: if not.
    """
    try:
        from pxr import UsdSkel  # noqa: F401 # whether it is there is all that is asked
    except ImportError as error:
        raise TakeError(f"USD takes need {error.name}: {GET_USD}") from error


class UsdTake(GatheredTake):
    """Collects what moves and writes it with the head at the end."""

    def __init__(self, path: Path, slate: Slate = PLAIN) -> None:
        require_usd()
        super().__init__(path)
        self._slate = slate
        self._motion = Motion()

    def add(self, frame: RigFrame) -> None:
        """Takes the next frame."""
        self._motion.add(frame)

    def _whole(self) -> bytes:
        stage = _stage(self._motion, self._slate)
        layer = stage.GetRootLayer()
        if self._slate.format == "usda":
            text: str = layer.ExportToString()
            return text.strip().encode("utf-8")  # no line end after it: what is cut short cannot be read then
        with tempfile.TemporaryDirectory() as folder:  # the binary kind is written to named files only
            path = Path(folder, "take.usdc")
            if not layer.Export(str(path)):
                raise OSError(f"{self.path} cannot be written as USD: is there room in {folder}?")
            return path.read_bytes()


def _stage(motion: Motion, slate: Slate) -> Any:
    """A stage in memory: head, skeleton and the animation bound to it."""
    from pxr import Gf, Usd, UsdGeom, UsdSkel, Vt

    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 0.01)
    stage.SetTimeCodesPerSecond(slate.rate_hz)
    stage.SetFramesPerSecond(slate.rate_hz)
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(len(motion))
    about = {"frames": len(motion), "rate_hz": slate.rate_hz, "sound": slate.sound}
    stage.GetRootLayer().customLayerData = {"facecue": about}

    head = load_head()
    skeleton = add_head(stage, head)
    animation = UsdSkel.Animation.Define(stage, f"{ROOT}/Take")
    animation.CreateJointsAttr(JOINTS)
    animation.CreateBlendShapesAttr(ARKIT)
    UsdSkel.BindingAPI.Apply(skeleton.GetPrim()).CreateAnimationSourceRel().SetTargets([animation.GetPath()])
    offsets = joint_offsets(head)
    animation.CreateScalesAttr(Vt.Vec3hArray(len(JOINTS), Gf.Vec3h(1, 1, 1)))
    translations = animation.CreateTranslationsAttr(Vt.Vec3fArray.FromNumpy(offsets))
    still = Gf.Quatf(1)
    rotations = animation.CreateRotationsAttr(Vt.QuatfArray(len(JOINTS), still))
    weights = animation.CreateBlendShapeWeightsAttr(Vt.FloatArray(len(ARKIT), 0.0))
    if not len(motion):
        return stage

    def turn(quaternion: Any) -> Any:
        x, y, z, w = quaternion.tolist()
        return Gf.Quatf(w, x, y, z)

    tracks = (motion.head_rotation, motion.eye_rotation(0), motion.eye_rotation(1))
    every_weight, every_move = motion.weights, motion.head_translation
    for n in range(len(motion)):
        code = Usd.TimeCode(n + 0.5)
        places = offsets.copy()
        places[1] += every_move[n]
        translations.Set(Vt.Vec3fArray.FromNumpy(places), code)
        rotations.Set(Vt.QuatfArray([still, *(turn(track[n]) for track in tracks)]), code)
        weights.Set(Vt.FloatArray.FromNumpy(every_weight[n]), code)
    return stage


def frames_in_usd(path: Path) -> int:
    """Number of frames of a complete take.

    Raises:
        TakeError: if it is cut short or no take of ours, or usd-core is missing.
        OSError: if it cannot be read.
    """
    require_usd()
    from pxr import Sdf, Tf

    path.stat()  # what is not there is no broken take
    try:
        layer = Sdf.Layer.OpenAsAnonymous(str(path))
        if layer is None:
            raise TakeError(f"{path} is no USD: bake it again")
        return int(layer.customLayerData["facecue"]["frames"])
    except (Tf.ErrorException, KeyError, TypeError) as error:
        raise TakeError(f"{path} is no complete USD take: bake it again") from error
