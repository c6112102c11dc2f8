"""The package's recipes and head against those of the Python side, on the same frames."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from bridge.frames import Cues
from bridge.head.model import load_head
from bridge.landmarks import neutral_face
from bridge.retarget import Retarget
from bridge.rigs import load_rig

HERE = Path(__file__).resolve().parent
HEAD = HERE.parents[1] / "unity_sample/Packages/com.facecue.receiver/Runtime/Head/Head.bytes"

pytestmark = pytest.mark.mono


@pytest.fixture(scope="module")
def program(mono, build, unity) -> Path:
    package = [build(name) for name in ("Facecue", "Facecue.Wire", "Facecue.Mapping")]
    return mono.program("Parity", [HERE / "parity"], [*package, unity])


def frames(count: int, *, strength: float = 1.0) -> list[tuple[Cues, np.ndarray]]:
    """Faces of chance: landmarks about rest, a few strong weights, any emotion, turned heads."""
    random = np.random.default_rng(5)
    made = []
    for n in range(count):
        weights = random.uniform(0, 1, 52) * (random.uniform(0, 1, 52) < 0.25) * strength
        turn = random.normal(size=3) * 0.15
        angle = np.linalg.norm(turn)
        rotation = np.r_[np.sin(angle / 2) * turn / angle, np.cos(angle / 2)]
        landmarks = neutral_face() + random.normal(size=(68, 3)) * random.uniform(0, 0.6)
        emotion = random.dirichlet(np.full(8, 0.3))
        made.append(
            (
                Cues(
                    n=n, time_s=n / 50, landmarks=landmarks.astype(np.float32),
                    gaze=random.uniform(-0.4, 0.4, (2, 2)).astype(np.float32),
                    head_rotation=rotation.astype(np.float32),
                    head_translation=(random.normal(size=3) * 0.5).astype(np.float32),
                    emotion=emotion.astype(np.float32),
                ),
                weights.astype(np.float32),
            )
        )  # fmt: skip
    return made


def answers(
    program: Path, mode: list[str], asked: list[tuple[Cues, np.ndarray]], landmarks: int
) -> list[np.ndarray]:
    lines = []
    for cues, weights in asked:
        parts = (cues.landmarks, cues.gaze, cues.head_rotation, cues.head_translation, cues.emotion, weights)
        numbers = [repr(float(v)) for part in parts for v in np.asarray(part).ravel()]
        lines.append(" ".join([str(landmarks), *numbers]))
    done = subprocess.run(
        ["mono", str(program), *mode], input="\n".join(lines) + "\n", capture_output=True, text=True,
        check=True, timeout=120,
    )  # fmt: skip
    return [np.array(line.split(), float) for line in done.stdout.splitlines()]


def test_recipes_give_what_the_rigs_give(program):
    asked = frames(300)
    vrm, oculus = load_rig("vrm0"), load_rig("oculus15")
    got = answers(program, ["recipes"], asked, 1)
    assert len(got) == len(asked)
    for (cues, weights), values in zip(asked, got, strict=True):
        want = np.r_[vrm.values(weights, cues), oculus.values(weights, cues)]
        assert values == pytest.approx(want, abs=2e-5)


def test_visemes_without_landmarks_use_the_gap_that_the_weights_show(program):
    # the solver's own formula: a face of these weights has this gap
    retarget, oculus = Retarget(), load_rig("oculus15")
    asked = frames(100, strength=0.6)
    names = oculus.names
    told = 0
    for (_, weights), values in zip(asked, answers(program, ["recipes"], asked, 0), strict=True):
        gap = retarget.lip_gap(weights)
        open_wide = values[-15:][names.index("aa")]
        if gap < 1.0:
            assert open_wide == pytest.approx(0, abs=1e-5)
        if gap > 1.4 and weights[37] < 0.01:  # mouthPucker takes it back
            assert open_wide > 0.5
            told += 1
    assert told > 3


def test_the_head_stands_where_pythons_head_stands(program):
    head = load_head()
    asked = frames(6, strength=0.7)
    by_turn = []
    for turns in (0, 1, 2):
        used = np.concatenate([head.triangles_of(p).ravel() for p in head.parts if p.turns == turns])
        by_turn.append(np.unique(used))
    order = np.concatenate(by_turn)
    whole = head.share[order] > 0.999
    for (cues, weights), values in zip(asked, answers(program, ["head", str(HEAD)], asked, 1), strict=True):
        points = head.pose(weights, cues.gaze, cues.head_rotation, cues.head_translation)
        want = points[order] * [-0.01, 0.01, 0.01]
        off = np.linalg.norm(values.reshape(-1, 3) - want, axis=1)
        assert off[whole].max() < 1e-6
        assert off.max() < 3e-3  # a neck bends a little otherwise when bones are blended
