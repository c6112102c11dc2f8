"""Learns the map landmarks → ARKit weights that ships: `python -m models.training.retarget --data DIR`.

Three judges, weighed by how much each knows. *Geometry*: the ICT-FaceKit landmark basis says what a face
with these weights would show, with a rigid nuisance so that head motion left in a track is nobody's
expression. *Scores*: what a face tracker said of each frame, through a ridge from landmarks and brought to
the amplitude geometry finds. *A prior* towards zero. The teacher solves for the weights in [0, 1] that
please all three; a small network, mirror-equivariant by construction, learns to do the same in one pass.
Inputs: `grid_s1/train`, `ict/landmark_basis.npz`, `blendshape_names.txt`. The basis itself is not written
out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from bridge import landmarks as face
from bridge.frames import ARKIT, ARKIT_INDEX, RATE_HZ, Floats
from bridge.retarget import CENTRE, LEFT, RIGHT, halves, mirrored_order
from models.data.tracks import Track, audio_beside, read_audio, read_track, speech_mask

SOLVED = np.sort(np.concatenate([LEFT, RIGHT, CENTRE]))
"""ARKIT indices the map decides; eyes have closed formulas and the tongue no landmark."""
NOISE_CM = 0.05
RIGID_CM = 0.1  # what is left of head motion, as a standard deviation of each mode
ZERO_PRECISION = 100.0  # geometry alone: 1/σ² of the prior towards zero, σ = 0.1
PRECISION = 250.0  # with scores: σ = 0.06 around what the scores say
DEAD_PRECISION = 1000.0  # σ = 0.03 around 0 for a shape that no score ever shows: geometry must be sure
TRUSTED_PRECISION = 1500.0  # σ = 0.026 where the score lives
TRUSTED_RANGE = 0.18  # a score that moves this much on neutral talk lives; a smile (0.15) is hardly there
ALIVE_RANGE = 0.002  # below this a score is the tracker's rounding
LARGEST_GAIN = 20.0  # scores near idle are squeezed; more than this would amplify nothing but noise
HIDDEN = 96


def clip_rest(track: Track, quiet: np.ndarray | None = None) -> np.ndarray:
    """Indices of a clip's rest: the more closed half of its silent frames (of all, if < 5 are silent)."""
    gap = face.lip_gap(track.landmarks)
    pool = np.flatnonzero(quiet) if quiet is not None and quiet.sum() >= 5 else np.arange(gap.size)
    return pool[gap[pool] <= np.quantile(gap[pool], 0.5)]


def read_relative(paths: list[Path], score_names: list[str]) -> tuple[Floats, Floats]:
    """Displacements (T, 68, 3) cm and ARKit-ordered scores (T, 52), both relative to each clip's own rest."""
    moves, scores = [], []
    order = [score_names.index(name) if name in score_names else -1 for name in ARKIT]
    for path in paths:
        track = read_track(path)
        audio = audio_beside(path)
        quiet = None
        if audio is not None:
            samples = read_audio(audio)
            frames = samples.size * 50 // RATE_HZ
            at = np.clip((track.time_s * 50).astype(int), 0, frames - 1)
            quiet = (track.time_s >= 0) & (track.time_s * 50 < frames) & ~speech_mask(samples, frames)[at]
        rest = clip_rest(track, quiet)
        moves.append(track.landmarks - np.median(track.landmarks[rest], axis=0))
        values = np.pad(track.blendshapes, ((0, 0), (0, 1)))[
            :, order
        ]  # tongueOut has no score: the zero column
        scores.append(values - np.median(values[rest], axis=0))
    return np.concatenate(moves).astype(np.float32), np.concatenate(scores).astype(np.float32)


def ict_basis(path: Path) -> Floats:
    """(52, 68, 3): displacement by each ARKit weight at 1, turned and scaled onto our neutral face."""
    with np.load(path, allow_pickle=False) as data:
        neutral, delta, names = data["neutral"], data["delta"], [str(n) for n in data["names"]]
    ours = face.neutral_face()
    a, b = neutral - neutral.mean(0), ours - ours.mean(0)
    u, s, vt = np.linalg.svd(a.T @ b)
    turn = np.asarray((u @ vt) * (s.sum() / (a * a).sum()), np.float32)
    basis = np.zeros((len(ARKIT), face.COUNT, 3), np.float32)
    for name, move in zip(names, delta, strict=True):
        ours_name = name.replace("_L", "Left").replace("_R", "Right")
        if ours_name not in ARKIT_INDEX:
            ours_name = name[:-2]  # browInnerUp and cheekPuff come in halves
        if ours_name in ARKIT_INDEX:
            basis[ARKIT_INDEX[ours_name]] += move @ turn
    half: Floats = np.asarray((basis + face.mirrored(basis)[list(mirrored_order())]) / 2, np.float32)
    # by ARKit's convention mouthClose = jawOpen shuts the lips; this table's overshoots that by a third
    gap = parting(half)
    half[ARKIT_INDEX["mouthClose"]] *= -gap[ARKIT_INDEX["jawOpen"]] / gap[ARKIT_INDEX["mouthClose"]]
    return half


def point_weights() -> Floats:
    """(68, 3): belief in each tracked coordinate. Depth is a guess, jaw depth more so; lids are unused."""
    w = np.ones((face.COUNT, 3), np.float32)
    w[:, 2] = 0.5
    w[list(face.JAW)] = (0.5, 0.5, 0.1)
    w[[0, 1, 2, 3, 13, 14, 15, 16]] *= 0.3  # the track glides along the cheek there
    w[[7, 8, 9], 1] = 1.0
    w[list(face.BROWS)] = (0.6, 1.0, 0.25)  # up and down is what a camera sees of them
    w[list(face.INNER_LIPS), :2] = 1.5
    w[list(face.EYES)] = 0.0
    return w


def solve(moves: Floats, basis: Floats, mean: Floats, precision: Floats, sweeps: int = 60) -> Floats:
    """Weights (T, 52) in [0, 1] that explain displacements (T, 68, 3), by coordinate descent.

    Minimises |(move − Σ w·basis − rigid)/noise|² + Σ precision·(w − mean)² + the rigid modes' prior.
    `mean` (T, 52), `precision` (52,).
    """
    trust = point_weights() / NOISE_CM
    n = SOLVED.size
    centred = face.neutral_face() - face.neutral_face().mean(0)
    axes = np.eye(3, dtype=np.float32)
    modes = [np.broadcast_to(a, centred.shape) for a in axes]
    modes += [np.cross(a, centred) * 0.1 for a in axes] + [centred * 0.1]
    rows = (
        np.concatenate([basis[SOLVED] * trust, np.stack(modes) * trust]).reshape(n + 7, -1).astype(np.float64)
    )
    gram = rows @ rows.T
    seen = (moves * trust).reshape(len(moves), -1) @ rows.T
    gram[np.arange(n), np.arange(n)] += precision[SOLVED]
    gram[np.arange(n, n + 7), np.arange(n, n + 7)] += RIGID_CM**-2
    through = gram[:n, n:] @ np.linalg.inv(gram[n:, n:])  # rigid modes are free: eliminate them
    g = gram[:n, :n] - through @ gram[n:, :n]
    h = seen[:, :n] - seen[:, n:] @ through.T + precision[SOLVED] * mean[:, SOLVED]
    w = np.zeros((len(moves), n))
    for _ in range(sweeps):
        for j in range(n):
            w[:, j] = np.clip(w[:, j] + (h[:, j] - w @ g[:, j]) / g[j, j], 0.0, 1.0)
    out = np.zeros((len(moves), len(ARKIT)), np.float32)
    out[:, SOLVED] = w
    return out


def ridge(moves: Floats, scores: Floats, strength: float = 0.002) -> Floats:
    """(204, 52): linear map displacement → scores, no offset. Learned from each frame and its mirror."""
    moves = np.concatenate([moves, face.mirrored(moves)])
    scores = np.concatenate([scores, scores[:, list(mirrored_order())]])
    x = moves.reshape(len(moves), -1).astype(np.float64)
    gram = x.T @ x + len(x) * strength * np.eye(x.shape[1])
    return np.asarray(np.linalg.solve(gram, x.T @ scores), np.float32)


class Teacher:
    """The solve with scores as prior: slow, offline, needs the basis. What the shipped map imitates."""

    def __init__(self, moves: Floats, scores: Floats, basis: Floats) -> None:
        self.basis = basis
        zero = np.zeros(scores.shape, np.float32)
        alone = solve(moves, basis, zero, np.full(len(ARKIT), ZERO_PRECISION, np.float32))
        gain = np.sqrt((alone**2).mean(0) / ((scores**2).mean(0) + 1e-8))
        spread = np.percentile(scores, 99.5, axis=0) - np.percentile(scores, 0.5, axis=0)
        seen = moves * (point_weights() > 0)  # not the lids: a blink must not frown
        self.map = ridge(seen, scores * np.clip(gain, 1.0, LARGEST_GAIN) * (spread > ALIVE_RANGE))
        precision = np.where(spread > TRUSTED_RANGE, TRUSTED_PRECISION, PRECISION)
        self.precision = np.where(spread > ALIVE_RANGE, precision, DEAD_PRECISION).astype(np.float32)
        for pair in np.stack([LEFT, RIGHT], 1):  # one speaker's crooked habits are his own
            self.precision[pair] = self.precision[pair].max()

    def prior(self, moves: Floats) -> Floats:
        """(T, 52): what the scores would say of displacements (T, 68, 3)."""
        guess: Floats = np.clip(moves.reshape(len(moves), -1) @ self.map, 0.0, 1.0)
        return guess

    def __call__(self, moves: Floats) -> Floats:
        """Weights (T, 52) of displacements (T, 68, 3)."""
        return solve(moves, self.basis, self.prior(moves), self.precision)


def expressions(count: int, rng: np.random.Generator) -> Floats:
    """(count, 52) sparse random weights: up to five shapes, mostly symmetric; none in a third of the rows."""
    out = np.zeros((count, len(ARKIT)), np.float32)
    shapes = np.concatenate([np.stack([LEFT, RIGHT], 1), np.stack([CENTRE, CENTRE], 1)])
    sided = {ARKIT_INDEX["jawLeft"], ARKIT_INDEX["mouthLeft"]}  # never both sides at once
    for row in out[: count - count // 3]:
        for left, right in shapes[rng.integers(0, len(shapes), rng.integers(1, 6))]:
            value = rng.beta(1.2, 1.6)
            if left in sided or rng.random() < 0.15:
                row[[left, right]] = (value, 0) if rng.random() < 0.5 else (0, value)
            else:
                row[left], row[right] = value, value * rng.uniform(0.8, 1.0)
    close, jaw = ARKIT_INDEX["mouthClose"], ARKIT_INDEX["jawOpen"]
    out[:, close] = np.minimum(out[:, close], out[:, jaw])
    return out


def wobble(count: int, rng: np.random.Generator) -> Floats:
    """(count, 68, 3) cm: every region shifted and stretched a little, as other faces and trackers do."""
    centred = face.neutral_face() - face.neutral_face().mean(0)
    out = np.zeros((count, face.COUNT, 3), np.float32)
    for region in (face.JAW, face.RIGHT_BROW, face.LEFT_BROW, face.NOSE, face.OUTER_LIPS, face.INNER_LIPS):
        shape = centred[list(region)] - centred[list(region)].mean(0)
        size = rng.choice((0.0, 0.5, 1.5), (count, 1, 1))  # many frames are clean, some are far off
        shift, stretch = rng.normal(0, 0.05, (count, 1, 3)), rng.normal(0, 0.03, (count, 1, 3))
        out[:, list(region)] = size * (shift + stretch * shape)
    return out + rng.normal(0, 0.01, out.shape).astype(np.float32)


class Student(torch.nn.Module):
    """f(even, odd) → values of the left weights and of the centre ones; the right ones are f(even, −odd)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.even = torch.nn.Linear(features, HIDDEN)
        self.odd = torch.nn.Linear(features, HIDDEN, bias=False)
        self.side = torch.nn.Linear(HIDDEN, LEFT.size, bias=False)
        self.middle = torch.nn.Linear(HIDDEN, CENTRE.size, bias=False)

    def forward(self, even: torch.Tensor, odd: torch.Tensor) -> torch.Tensor:
        """(T, 52) weights before clipping; 0 at rest."""
        e, o = self.even(even), self.odd(odd)
        rest = torch.relu(self.even.bias)
        left, right = torch.relu(e + o) - rest, torch.relu(e - o) - rest
        out = even.new_zeros(len(even), len(ARKIT))
        out[:, LEFT] = self.side(left)
        out[:, RIGHT] = self.side(right)
        out[:, CENTRE] = self.middle(left + right)
        return out


def distil(moves: Floats, targets: Floats, steps: int, seed: int = 0) -> Student:
    """Trains a student on displacements (T, 68, 3) and the teacher's weights (T, 52)."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # matrices of a hundred rows: more threads only wait for each other
    rng = np.random.default_rng(seed)
    even, odd = (torch.from_numpy(v) for v in halves(moves))
    goal = torch.from_numpy(targets)
    student = Student(even.shape[1])
    with torch.no_grad():  # inputs are about 0.1 cm: without this the first layer starts asleep
        student.even.weight *= 5
        student.odd.weight *= 5
    optimiser = torch.optim.Adam(student.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, steps)
    for step in range(steps):
        pick = torch.from_numpy(rng.integers(0, len(goal), 1024))
        raw, want = student(even[pick], odd[pick]), goal[pick]
        over = ((want == 0) & (raw < 0)) | ((want == 1) & (raw > 1))  # clipped at run time
        loss = ((raw - want) ** 2 * ~over).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % max(1, steps // 8) == 0 or step == steps - 1:
            print(f"step {step}: rms {loss.item() ** 0.5:.4f}", flush=True)
    return student


def parting(basis: Floats) -> Floats:
    """(52,) cm of lip gap that each weight opens (+) or closes (−) at 1, along the jaw's way."""
    lips = (basis[:, face.GAP_UPPER] - basis[:, face.GAP_LOWER]).mean(1)
    way = lips[ARKIT_INDEX["jawOpen"]]
    gap: Floats = lips @ (way / np.linalg.norm(way))
    return gap


def save(student: Student, basis: Floats, path: Path) -> None:
    """Writes what `bridge.retarget` reads."""
    arrays = {
        "even": student.even.weight, "bias": student.even.bias, "odd": student.odd.weight,
        "side": student.side.weight, "centre": student.middle.weight,
    }  # fmt: skip
    np.savez(
        path,
        parting=parting(basis),
        names=np.array(ARKIT),
        notice=np.array("Learned from GRID (CC BY 4.0) and ICT-FaceKit (MIT, (c) 2020 USC ICT); see NOTICE"),
        **{k: v.detach().numpy().astype(np.float32) for k, v in arrays.items()},  # type: ignore[arg-type]
    )


def score_names(data: Path) -> list[str]:
    """The order of tracked scores."""
    return (data / "blendshape_names.txt").read_text(encoding="utf-8").split()


def main() -> None:
    """Writes `bridge/rigs/arkit_map.npz`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds grid_s1/ and ict/")
    parser.add_argument("-o", "--out", type=Path, default=Path("bridge/rigs/arkit_map.npz"))
    parser.add_argument("--steps", type=int, default=10000)
    args = parser.parse_args()
    paths = sorted((args.data / "grid_s1" / "train").glob("*.npz"))
    if not paths:
        parser.error(f"no tracks under {args.data / 'grid_s1' / 'train'}")
    rng = np.random.default_rng(0)
    moves, scores = read_relative(paths, score_names(args.data))
    basis = ict_basis(args.data / "ict" / "landmark_basis.npz")
    teacher = Teacher(moves[::5], scores[::5], basis)
    talk = moves * rng.uniform(0.0, 1.7, (len(moves), 1, 1)).astype(np.float32)
    talk[::2] = face.mirrored(talk[::2])
    talk += wobble(len(talk), rng)
    talk += np.einsum("ti,ipc->tpc", expressions(len(talk), rng), basis)
    student = distil(talk, teacher(talk), args.steps)
    save(student, basis, args.out)
    print(f"{args.out}: {args.out.stat().st_size} bytes from {len(moves)} frames")


if __name__ == "__main__":
    main()
