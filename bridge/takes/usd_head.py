"""The project's own head as UsdSkel: one mesh with 52 blend shapes on four joints. Needs usd-core (extra `studio`).

Centimetres, y up; axes are the head frame's. Prims: `/Facecue` (SkelRoot) > `Skeleton`, `Head` (the mesh, with a
BlendShape below it for each of the 52). Joints: `Neck` > `Head` > `EyeRight`, `EyeLeft`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bridge.frames import ARKIT, Floats
from bridge.head.glb import NECK_BASE_CM
from bridge.head.model import SIDES, Head

NECK, SKULL = "Neck", "Neck/Head"
EYES = tuple(f"{SKULL}/Eye{side.capitalize()}" for side in SIDES)
JOINTS = (NECK, SKULL, *EYES)
"""Joints by their paths, in the order of every array of them."""
ROOT = "/Facecue"


def joint_places(head: Head) -> Floats:
    """(4, 3) cm, where the joints are in the head frame at rest."""
    return np.array([NECK_BASE_CM, head.pivot, *head.eyes], np.float32)


def joint_offsets(head: Head) -> Floats:
    """(4, 3) cm, from the joint above; the neck's from the origin."""
    places = joint_places(head)
    return places - np.array([np.zeros(3), places[0], places[1], places[1]], np.float32)


def add_head(stage: Any, head: Head) -> Any:
    """Puts the head into an open stage and gives its Skeleton, for an animation to be bound to."""
    from pxr import Gf, UsdSkel, Vt

    root = UsdSkel.Root.Define(stage, ROOT)
    stage.SetDefaultPrim(root.GetPrim())
    skeleton = UsdSkel.Skeleton.Define(stage, f"{ROOT}/Skeleton")

    def matrices(places: Floats) -> Any:
        return Vt.Matrix4dArray([Gf.Matrix4d(1).SetTranslate(Gf.Vec3d(*place.tolist())) for place in places])

    skeleton.CreateJointsAttr(JOINTS)
    skeleton.CreateBindTransformsAttr(matrices(joint_places(head)))
    skeleton.CreateRestTransformsAttr(matrices(joint_offsets(head)))
    UsdSkel.BindingAPI.Apply(root.GetPrim())
    _mesh(stage, head, skeleton)
    return skeleton


def _mesh(stage: Any, head: Head, skeleton: Any) -> None:
    from pxr import Gf, Sdf, UsdGeom, UsdSkel, Vt

    mesh = UsdGeom.Mesh.Define(stage, f"{ROOT}/Head")
    points = Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(head.vertices, np.float32))
    mesh.CreatePointsAttr(points)
    mesh.CreateExtentAttr(UsdGeom.PointBased.ComputeExtent(points))
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray(len(head.triangles), 3))
    corners = np.concatenate([head.triangles_of(part) for part in head.parts]).reshape(-1)
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(np.ascontiguousarray(corners, np.int32)))
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    # sRGB as stored; USD's colours are linear
    colours = [Gf.Vec3f(*(float(c) ** 2.2 for c in p.rgba[:3])) for p in head.parts for _ in range(p.count)]
    mesh.CreateDisplayColorPrimvar(UsdGeom.Tokens.uniform).Set(Vt.Vec3fArray(colours))

    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateSkeletonRel().SetTargets([skeleton.GetPath()])
    indices, weights = _shares(head)
    binding.CreateJointIndicesPrimvar(False, 2).Set(Vt.IntArray.FromNumpy(indices))
    binding.CreateJointWeightsPrimvar(False, 2).Set(Vt.FloatArray.FromNumpy(weights))
    binding.CreateGeomBindTransformAttr(Gf.Matrix4d(1))
    binding.CreateBlendShapesAttr(ARKIT)
    targets = []
    for name, index, delta in zip(ARKIT, head.index, head.delta, strict=True):
        shape = UsdSkel.BlendShape.Define(stage, mesh.GetPath().AppendChild(name))
        shape.CreateOffsetsAttr(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(delta, np.float32)))
        shape.CreatePointIndicesAttr(Vt.IntArray.FromNumpy(np.ascontiguousarray(index, np.int32)))
        targets.append(Sdf.Path(shape.GetPath()))
    binding.CreateBlendShapeTargetsRel().SetTargets(targets)


def _shares(head: Head) -> tuple[Any, Any]:
    """(2V,) joints of each vertex and (2V,) how much it goes with each."""
    indices = np.tile(np.array([0, 1], np.int32), (len(head.vertices), 1))
    weights = np.stack([1 - head.share, head.share], 1).astype(np.float32)
    for part in head.parts:
        if part.turns:
            vertices = np.unique(head.triangles_of(part))
            indices[vertices] = (1 + part.turns, 1)
            weights[vertices] = (1, 0)
    return np.ascontiguousarray(indices.reshape(-1)), np.ascontiguousarray(weights.reshape(-1))
