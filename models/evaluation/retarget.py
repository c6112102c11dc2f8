"""How good is landmarks → weights? `python -m models.evaluation retarget --data DIR` prints the tables.

Three ways side by side: (a) *solve*, the bounded regularised solve on the ICT landmark basis alone; (b)
*ridge*, a linear map learned from tracked scores alone; (c) *shipped*, `bridge.retarget`, which learned
from both. Judges: the tracked scores of held-out clips (r, MAE; a trained guess), and geometry: the
landmarks that the weights give back on the basis, lips that touch, a jitter that should not matter.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge import landmarks as face
from bridge.frames import ARKIT, Floats, rest_cues
from bridge.retarget import Retarget
from models.data.tracks import Track, read_track
from models.training.retarget import (
    SOLVED,
    ZERO_PRECISION,
    clip_rest,
    ict_basis,
    read_relative,
    ridge,
    score_names,
    solve,
)

WAYS = ("a solve", "b ridge", "c shipped")
JUDGED = [i for i, name in enumerate(ARKIT) if not name.startswith(("eyeLook", "tongue"))]
"""Gaze and tongue are no business of landmarks."""
MOVES_AT_LEAST = 0.002
"""Spread (p99 − p1) below which a tracked score says nothing to correlate with."""


@dataclass(frozen=True)
class Judged:
    """One set of frames, and what each way makes of them."""

    name: str
    moves: Floats
    scores: Floats
    weights: dict[str, Floats]


def shipped(moves: Floats, retarget: Retarget) -> Floats:
    """(T, 52) of displacements (T, 68, 3)."""
    rest = rest_cues(0, face.neutral_face())
    return np.stack([retarget(rest.with_(landmarks=face.neutral_face() + m)) for m in moves])


def correlation(a: Floats, b: Floats) -> float:
    """Pearson r, NaN where one of them stands still."""
    if a.std() < 1e-6 or np.ptp(np.percentile(b, [1, 99])) < MOVES_AT_LEAST:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def given_back(judged: Judged, way: str, basis: Floats, points: slice) -> float:
    """Error of the landmarks that the weights give back, as a share of a still face's error."""
    back = np.einsum("ti,ipc->tpc", judged.weights[way], basis)
    error = np.linalg.norm(back - judged.moves, axis=2)[:, points].mean()
    return float(error / np.linalg.norm(judged.moves, axis=2)[:, points].mean())


def acted(folder: Path, order: list[str]) -> tuple[Floats, Floats] | None:
    """Emotional clips named PERSON_…_EMOTION_…, relative to the rest of the same person's neutral clip."""
    moves, scores = [], []
    columns = [order.index(n) if n in order else -1 for n in ARKIT]

    def columns_of(track: Track) -> Floats:
        picked: Floats = np.pad(track.blendshapes, ((0, 0), (0, 1)))[:, columns]
        return picked

    for neutral_path in sorted(folder.glob("*_neutral_*.npz")):
        neutral = read_track(neutral_path)
        rest = clip_rest(neutral)
        face_at_rest = np.median(neutral.landmarks[rest], axis=0)
        score_at_rest = np.median(columns_of(neutral)[rest], axis=0)
        for path in sorted(folder.glob(f"{neutral_path.name.split('_')[0]}_*.npz")):
            track = read_track(path)
            moves.append(track.landmarks - face_at_rest)
            scores.append(columns_of(track) - score_at_rest)
    if not moves:
        return None
    return np.concatenate(moves).astype(np.float32), np.concatenate(scores).astype(np.float32)


def print_weights(judged: Judged) -> None:
    """The table of weights."""
    print(f"\n### {judged.name}: {len(judged.moves)} frames, per weight\n")
    print("| weight | score p99 | r a | r b | r c | MAE a | MAE b | MAE c | p99 a | p99 b | p99 c |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for i in JUDGED:
        score = judged.scores[:, i]
        values = [judged.weights[way][:, i] for way in WAYS]
        cells = [f"{np.percentile(score, 99):.3f}"]
        cells += [f"{r:.2f}" if np.isfinite(r := correlation(v, score)) else "–" for v in values]
        cells += [f"{np.abs(v - np.clip(score, 0, 1)).mean():.3f}" for v in values]
        cells += [f"{np.percentile(v, 99):.2f}" for v in values]
        print(f"| {ARKIT[i]} | {' | '.join(cells)} |")


def print_sets(sets: list[Judged], basis: Floats, retarget: Retarget) -> None:
    """One line a set and way: mean r over the scores that move, and geometry."""
    print("\n### Sets: scores and geometry\n")
    print(
        "| set | way | mean r | r ≥ 0.5 | mouth error | brow error | lip gap r | gap of touching lips, cm |"
    )
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for judged in sets:
        opening = face.lip_gap(face.neutral_face() + judged.moves)
        touch = opening < 0.03
        for way in WAYS:
            w = judged.weights[way]
            rs = np.array([correlation(w[:, i], judged.scores[:, i]) for i in JUDGED])
            rs = rs[np.isfinite(rs)]
            gap = np.array([retarget.lip_gap(row) for row in w.astype(np.float32)])
            back = [given_back(judged, way, basis, s) for s in (slice(48, 68), slice(17, 27))]
            print(
                f"| {judged.name} | {way} | {rs.mean():.3f} | {(rs >= 0.5).sum()} of {rs.size} "
                f"| {back[0]:.2f} | {back[1]:.2f} "
                f"| {correlation(gap, opening):.3f} | {gap[touch].mean() if touch.any() else np.nan:.3f} |"
            )


def print_steadiness(moves: Floats, retarget: Retarget) -> None:
    """Rest, jitter, mirror and speed of the shipped map."""
    rng = np.random.default_rng(0)
    some = moves[:: max(1, len(moves) // 500)]
    jitter = rng.normal(0, 0.01, some.shape).astype(np.float32)
    change = np.abs(shipped(some + jitter, retarget) - shipped(some, retarget))
    rest = retarget(rest_cues(0, face.neutral_face()))
    noisy_rest = shipped(jitter, retarget)
    rest_frame = rest_cues(0, face.neutral_face())
    frames = [rest_frame.with_(landmarks=face.neutral_face() + m) for m in some]
    spent = []
    for frame in frames * 4:
        start = time.perf_counter()
        retarget(frame)
        spent.append(time.perf_counter() - start)
    print("\n### Shipped map: rest, jitter, speed\n")
    print(
        f"- largest weight at rest: {rest.max():.4f}; at rest with 0.01 cm of noise: {noisy_rest.max():.3f}"
    )
    print(
        f"- 0.01 cm of noise in every coordinate moves a weight by {change.mean():.4f} on average, "
        f"{np.percentile(change, 99):.3f} p99"
    )
    print(
        f"- one frame, one thread: p50 {1e3 * np.median(spent):.3f} ms, "
        f"p99 {1e3 * np.percentile(spent, 99):.3f} ms"
    )


def print_frames(folder: Path, retarget: Retarget) -> None:
    """The weights of a lip closure at a word in b, p or m, and of the clip's widest vowel."""
    for path in sorted(folder.glob("*.align")):
        words = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        starts = [(int(a) / 25_000, word) for a, _, word in words if word[0] in "bpm"]
        track = read_track(path.with_suffix(".npz"))
        gap = face.lip_gap(track.landmarks)
        for start, word in starts[1:]:  # not the first: the mouth is at rest before it
            near = np.flatnonzero(np.abs(track.time_s - start) < 0.1)
            if near.size and gap[near].min() < 0.05:
                rest = np.median(track.landmarks[clip_rest(track)], axis=0)
                closed, wide = near[gap[near].argmin()], int(gap.argmax())
                print(f"\n### Two frames of {path.stem}\n")
                for label, t in ((f"closure of “{word}”", closed), ("widest vowel", wide)):
                    w = shipped((track.landmarks[t] - rest)[None], retarget)[0]
                    shown = ", ".join(f"{ARKIT[i]} {w[i]:.2f}" for i in np.argsort(-w) if w[i] >= 0.03)
                    print(
                        f"- {label}, {track.time_s[t]:.2f} s, gap {gap[t]:.2f} cm, "
                        f"gap of the weights {retarget.lip_gap(w):.2f}: {shown}"
                    )
                return


def main(argv: list[str] | None = None) -> None:
    """Prints every table."""
    parser = argparse.ArgumentParser(
        prog="retarget", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds grid_s1/ and ict/")
    parser.add_argument("--map", type=Path, help="another learned map than the shipped one")
    args = parser.parse_args(argv)
    order = score_names(args.data)
    basis = ict_basis(args.data / "ict" / "landmark_basis.npz")
    retarget = Retarget(args.map)
    train = sorted((args.data / "grid_s1" / "train").glob("*.npz"))[::4]
    linear = ridge(*read_relative(train, order))
    alone = np.full(len(ARKIT), ZERO_PRECISION, np.float32)
    found = [
        (
            "GRID speaker 1, held out",
            read_relative(sorted((args.data / "grid_s1" / "val").glob("*.npz")), order),
        )
    ]
    others = sorted((args.data / "dev_speakers").glob("GRID*.npz"))
    if others:
        found.append(("other GRID speakers", read_relative(others, order)))
    elsewhere = sorted(p for p in (args.data / "dev_speakers").glob("*.npz") if p not in others)
    elsewhere += sorted((args.data / "talk").glob("*.npz"))
    if elsewhere:
        found.append(("people elsewhere", read_relative(elsewhere, order)))
    emotional = acted(args.data / "mead_motion", order)
    if emotional:
        found.append(("acted emotions, from neutral", emotional))
    sets = []
    for name, (moves, scores) in found:
        by_scores = np.clip(moves.reshape(len(moves), -1) @ linear, 0, 1)
        weights = {
            "a solve": solve(moves, basis, np.zeros_like(scores), alone),
            "b ridge": by_scores,
            "c shipped": shipped(moves, retarget),
        }
        # lids have no place in the solve: (a) gets the closed formulas of (c), so that only the map differs
        lids = [i for i in range(len(ARKIT)) if i not in SOLVED]
        weights["a solve"][:, lids] = weights["c shipped"][:, lids]
        sets.append(Judged(name, moves, scores, weights))
    print_sets(sets, basis, retarget)
    print_steadiness(sets[0].moves, retarget)
    print_frames(args.data / "grid_s1" / "val", retarget)
    for judged in sets:
        print_weights(judged)


if __name__ == "__main__":
    main()
