"""The head as glTF: a skinned bust with 52 morph targets by name, eyes as nodes. Needs pygltflib (extra `studio`).

Metres; glTF's axes are the head frame's. Nodes: `FacecueHead` > `Face` (52 targets), `Still` (hair, ears, shirt), and
the joints `Neck` > `Head` > `EyeRight`, `EyeLeft`. Eyes turn as nodes, or by eyeLook targets of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bridge import __version__
from bridge.frames import ARKIT, Floats
from bridge.head.binary import UNIT_M, with_normals
from bridge.head.model import SIDES, Head, Part, eye_turn, gaze_of

if TYPE_CHECKING:
    from pygltflib import GLTF2

GET_STUDIO = "pip install 'facecue[studio]' (pygltflib)"
LICENCE = "facecue head, made from GRID frames (CC BY 4.0), see NOTICE of facecue"
FLOAT, U16, U8 = 5126, 5123, 5121
VERTICES, INDICES = 34962, 34963
NECK_BASE_CM = (0.0, -16.0, -6.5)
"""Where the joint of the neck's base lies."""


class Gltf:
    """A glTF document that grows, and its one buffer."""

    def __init__(self) -> None:
        """An empty document.

        Raises:
            ImportError: if pygltflib is missing.
        """
        try:
            import pygltflib
        except ModuleNotFoundError as error:
            raise ImportError(f"GLB needs {error.name}: {GET_STUDIO}") from error
        self.lib: Any = pygltflib
        self.doc: GLTF2 = pygltflib.GLTF2()
        self.doc.asset = pygltflib.Asset(version="2.0", generator=f"facecue {__version__}", copyright=LICENCE)
        self._data = bytearray()

    def view(self, values: npt.NDArray[np.generic], target: int | None = None) -> int:
        """A buffer view of an array."""
        self._data += bytes(-len(self._data) % 4)
        data = np.ascontiguousarray(values).tobytes()
        self.doc.bufferViews.append(
            self.lib.BufferView(buffer=0, byteOffset=len(self._data), byteLength=len(data), target=target)
        )
        self._data += data
        return len(self.doc.bufferViews) - 1

    def accessor(
        self,
        values: npt.NDArray[np.generic],
        kind: str,
        component: int,
        target: int | None = None,
        **more: Any,
    ) -> int:
        """An accessor of an array; `kind` is glTF's, such as VEC3."""
        if kind == "VEC3" and component == FLOAT and more.pop("bounds", False):
            more |= {"min": np.min(values, axis=0).tolist(), "max": np.max(values, axis=0).tolist()}
        self.doc.accessors.append(
            self.lib.Accessor(
                bufferView=self.view(values, target),
                componentType=component,
                count=len(values),
                type=kind,
                **more,
            )
        )
        return len(self.doc.accessors) - 1

    def sparse(self, count: int, index: npt.NDArray[np.int32], values: Floats) -> int:
        """An accessor of `count` VEC3 that are zero but at `index`."""
        if not len(index):
            index, values = np.zeros(1, np.int32), np.zeros((1, 3), np.float32)
        lib = self.lib
        lowest, highest = np.minimum(values.min(0), 0), np.maximum(values.max(0), 0)
        self.doc.accessors.append(
            lib.Accessor(
                byteOffset=None,  # one without a view has none
                componentType=FLOAT, count=count, type="VEC3", min=lowest.tolist(), max=highest.tolist(),
                sparse=lib.Sparse(
                    count=len(index),
                    indices=lib.AccessorSparseIndices(
                        bufferView=self.view(index.astype("<u2")), componentType=U16
                    ),
                    values=lib.AccessorSparseValues(bufferView=self.view(values.astype("<f4"))),
                ),
            )
        )  # fmt: skip
        return len(self.doc.accessors) - 1

    def node(self, **fields: Any) -> int:
        """A node."""
        self.doc.nodes.append(self.lib.Node(**fields))
        return len(self.doc.nodes) - 1

    def material(self, part: Part) -> int:
        """A material with the part's look."""
        lib = self.lib
        linear = [float(c) ** 2.2 for c in part.rgba[:3]]
        self.doc.materials.append(
            lib.Material(
                name=part.name,
                pbrMetallicRoughness=lib.PbrMetallicRoughness(
                    baseColorFactor=[*linear, 1.0],
                    metallicFactor=0.0,
                    roughnessFactor=1 - 0.8 * part.smoothness,
                ),
                emissiveFactor=[part.glow] * 3,
                alphaCutoff=None,
            )
        )
        return len(self.doc.materials) - 1

    def bytes(self) -> bytes:
        """The whole GLB."""
        self._data += bytes(-len(self._data) % 4)
        self.doc.buffers = [self.lib.Buffer(byteLength=len(self._data))]
        self.doc.set_binary_blob(bytes(self._data))
        return b"".join(self.doc.save_to_bytes())


def head_glb(head: Head) -> Gltf:
    """The head as a document that a take may still add animations to."""
    g = Gltf()
    lib, doc = g.lib, g.doc
    still = [p for p in head.parts if not p.turns and not _moves(head, p)]
    moving = [p for p in head.parts if not p.turns and _moves(head, p)]
    rest = head.surface.normals(head.vertices)
    face, bust = _mesh(g, head, "Face", moving, rest), _mesh(g, head, "Still", still, rest)
    base = np.array(NECK_BASE_CM) * UNIT_M
    pivot = head.pivot.astype(float) * UNIT_M
    eyes = []
    for side, name in enumerate(SIDES):
        parts = [p for p in head.parts if p.turns == side + 1]
        centre = head.eyes[side].astype(float) * UNIT_M
        mesh = _eye(g, head, side, parts, rest)
        eyes.append(g.node(name=f"Eye{name.capitalize()}", mesh=mesh, translation=(centre - pivot).tolist()))
    skull = g.node(name="Head", translation=(pivot - base).tolist(), children=eyes)
    neck = g.node(name="Neck", translation=base.tolist(), children=[skull])
    inverse = np.tile(np.eye(4, dtype="<f4"), (2, 1, 1))
    inverse[0, 3, :3], inverse[1, 3, :3] = -base, -pivot  # columns of the matrix lie one after the other
    doc.skins.append(
        lib.Skin(inverseBindMatrices=g.accessor(inverse.reshape(2, 16), "MAT4", FLOAT), joints=[neck, skull])
    )
    bodies = [g.node(name="Face", mesh=face, skin=0), g.node(name="Still", mesh=bust, skin=0)]
    root = g.node(name="FacecueHead", children=[neck, *bodies])
    doc.scenes.append(lib.Scene(name="FacecueHead", nodes=[root]))
    doc.scene = 0
    return g


def _moves(head: Head, part: Part) -> bool:
    inside = np.zeros(len(head.vertices), bool)
    inside[head.triangles_of(part)] = True
    return any(inside[i].any() for i in head.index)


def _mesh(g: Gltf, head: Head, name: str, parts: list[Part], rest: Floats) -> int:
    """A mesh of some parts over shared vertices, with targets where a shape moves any of them."""
    used = np.unique(np.concatenate([head.triangles_of(p) for p in parts]))
    place = np.full(len(head.vertices), -1, np.int32)
    place[used] = np.arange(len(used))
    share = head.share[used]
    # the standard wants joint 0 where the weight is 0
    joints = np.stack([0 * share, share > 0, 0 * share, 0 * share], 1)
    white = np.concatenate([head.colour[used] ** 2.2, np.ones((len(used), 1))], 1)
    attributes = g.lib.Attributes(
        POSITION=g.accessor(
            (head.vertices[used] * UNIT_M).astype("<f4"), "VEC3", FLOAT, VERTICES, bounds=True
        ),
        NORMAL=g.accessor(rest[used].astype("<f4"), "VEC3", FLOAT, VERTICES),
        COLOR_0=g.accessor(np.round(255 * white).astype("u1"), "VEC4", U8, VERTICES, normalized=True),
        JOINTS_0=g.accessor(joints.astype("u1"), "VEC4", U8, VERTICES),
        WEIGHTS_0=g.accessor(
            np.stack([1 - share, share, 0 * share, 0 * share], 1).astype("<f4"), "VEC4", FLOAT, VERTICES
        ),
    )
    targets, weights, extras = None, None, {}
    if any((place[i] >= 0).any() for i in head.index):
        targets = []
        for shape in range(len(ARKIT)):
            index, delta, turn = with_normals(head, shape, rest)
            keep = place[index] >= 0
            at = place[index][keep]
            targets.append(
                g.lib.Attributes(
                    POSITION=g.sparse(len(used), at, delta[keep] * np.float32(UNIT_M)),
                    NORMAL=g.sparse(len(used), at, turn[keep]),
                )
            )
        weights, extras = [0.0] * len(ARKIT), {"targetNames": list(ARKIT)}
    primitives = [
        g.lib.Primitive(
            attributes=attributes,
            indices=g.accessor(place[head.triangles_of(p)].reshape(-1).astype("<u2"), "SCALAR", U16, INDICES),
            material=g.material(p),
            targets=targets or [],
        )
        for p in parts
    ]
    g.doc.meshes.append(g.lib.Mesh(name=name, primitives=primitives, weights=weights or [], extras=extras))
    return len(g.doc.meshes) - 1


def _eye(g: Gltf, head: Head, side: int, parts: list[Part], rest: Floats) -> int:
    """An eyeball about its own centre, with the four eyeLook targets of its side."""
    used = np.unique(np.concatenate([head.triangles_of(p) for p in parts]))
    place = np.full(len(head.vertices), -1, np.int32)
    place[used] = np.arange(len(used))
    around = head.vertices[used] - head.eyes[side]
    white = np.concatenate([head.colour[used] ** 2.2, np.ones((len(used), 1))], 1)
    attributes = g.lib.Attributes(
        POSITION=g.accessor((around * UNIT_M).astype("<f4"), "VEC3", FLOAT, VERTICES, bounds=True),
        NORMAL=g.accessor(rest[used].astype("<f4"), "VEC3", FLOAT, VERTICES),
        COLOR_0=g.accessor(np.round(255 * white).astype("u1"), "VEC4", U8, VERTICES, normalized=True),
    )
    names = [n for n in ARKIT if n.startswith("eyeLook") and n.endswith(SIDES[side].capitalize())]
    targets = []
    every = np.arange(len(used), dtype=np.int32)
    for name in names:
        turn = eye_turn(gaze_of(np.eye(len(ARKIT), dtype=np.float32)[ARKIT.index(name)])[side]).T
        targets.append(
            g.lib.Attributes(
                POSITION=g.sparse(len(used), every, (around @ turn - around) * np.float32(UNIT_M)),
                NORMAL=g.sparse(len(used), every, rest[used] @ turn - rest[used]),
            )
        )
    primitives = [
        g.lib.Primitive(
            attributes=attributes,
            indices=g.accessor(place[head.triangles_of(p)].reshape(-1).astype("<u2"), "SCALAR", U16, INDICES),
            material=g.material(p),
            targets=targets,
        )
        for p in parts
    ]
    g.doc.meshes.append(
        g.lib.Mesh(
            name=f"Eye{SIDES[side].capitalize()}", primitives=primitives, weights=[0.0] * 4,
            extras={"targetNames": names},
        )
    )  # fmt: skip
    return len(g.doc.meshes) - 1
