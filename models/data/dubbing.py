"""One person's filmed mouth for another voice that says the same sentence.

Dynamic time warping (Sakoe and Chiba 1978) of a strong encoder's states, which say what is said and little of who
says it, finds for each frame of the new voice the frame of the film. Steps are slope-limited, one to three, so that
no sound is skipped or frozen; before and after the speech time runs as it does in the film, because how early a mouth
opens is a matter of lips, not of the voice.
"""

from __future__ import annotations

import numpy as np

from bridge.frames import Floats

STEPS = ((1, 1), (1, 2), (2, 1), (1, 3), (3, 1))
"""(frames of the new voice, frames of the film) that a path may advance by; a frame that is passed over is paid for."""
MARGIN = 5
"""Frames of silence that are aligned with the speech, both ends."""
SMOOTH = 2.0
"""Frames (deviation of a Gaussian) over which the map of times is smoothed: a path goes in whole frames."""
VERBS = {"b": "bin", "l": "lay", "p": "place", "s": "set"}
COLOURS = {"b": "blue", "g": "green", "r": "red", "w": "white"}
PREPOSITIONS = {"a": "at", "b": "by", "i": "in", "w": "with"}
DIGITS = {
    "z": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven",
    "8": "eight", "9": "nine",
}  # fmt: skip
ADVERBS = {"a": "again", "n": "now", "p": "please", "s": "soon"}


def grid_sentence(name: str) -> str:
    """`bbaf2n` → `bin blue at f two now` (Cooke et al. 2006); the letter a as `eigh`: alone it is read as an article.

    Raises:
        ValueError: if the name is not six of GRID's codes.
    """
    try:
        verb, colour, preposition, letter, digit, adverb = tuple(name)
        first = f"{VERBS[verb]} {COLOURS[colour]} {PREPOSITIONS[preposition]}"
        last = f"{DIGITS[digit]} {ADVERBS[adverb]}"
    except (ValueError, KeyError):
        raise ValueError(f"{name!r} is no GRID sentence; one is six codes, as bbaf2n") from None
    return f"{first} {'eigh' if letter == 'a' else letter} {last}"


def costs(voice: Floats, film: Floats) -> Floats:
    """(A, D), (B, D) states → (A, B) cosine distance, each recording's mean removed."""
    a, b = (x.astype(np.float32) - x.astype(np.float32).mean(axis=0) for x in (voice, film))
    a /= np.linalg.norm(a, axis=1, keepdims=True) + 1e-6
    b /= np.linalg.norm(b, axis=1, keepdims=True) + 1e-6
    out: Floats = 1.0 - a @ b.T
    return out


def path(cost: Floats) -> Floats:
    """(A, B) → (A,) frame of the film for each frame of the voice, both ends held.

    Raises:
        ValueError: if one is more than three times as long as the other: no path is that steep.
    """
    rows, columns = cost.shape
    total = np.full((rows, columns), np.inf)
    total[0, 0] = cost[0, 0]
    via = np.zeros((rows, columns), np.int8)
    for i in range(1, rows):
        for k, (down, right) in enumerate(STEPS):
            if i < down or columns <= right:
                continue
            # what lies between is paid for as the cell that is reached: long steps are no bargain
            reached = total[i - down, : columns - right] + max(down, right) * cost[i, right:]
            better = reached < total[i, right:]
            total[i, right:][better] = reached[better]
            via[i, right:][better] = k
    if not np.isfinite(total[-1, -1]):
        raise ValueError(f"{rows} and {columns} frames: one sentence is over three times as long")
    points = [(rows - 1, columns - 1)]
    while points[-1] != (0, 0):
        i, j = points[-1]
        down, right = STEPS[via[i, j]]
        points.append((i - down, j - right))
    at = np.array(points[::-1])
    found: Floats = np.interp(np.arange(rows), at[:, 0], at[:, 1]).astype(np.float32)
    return found


def film_times(
    voice: Floats, film: Floats, voice_speech: tuple[int, int], film_speech: tuple[int, int]
) -> tuple[Floats, float]:
    """(T,) film frame of every frame of the voice, and the mean distance of what was brought together.

    `voice`, `film`: (frames, D) states; the speech of each from its first frame to one past its last.
    """
    first_a, last_a = max(0, voice_speech[0] - MARGIN), min(len(voice), voice_speech[1] + MARGIN)
    first_b, last_b = max(0, film_speech[0] - MARGIN), min(len(film), film_speech[1] + MARGIN)
    cost = costs(voice, film)[first_a:last_a, first_b:last_b]
    inner = path(cost)
    distance = float(cost[np.arange(len(cost)), inner.round().astype(int)].mean())
    before = first_b - np.arange(first_a, 0, -1, dtype=np.float32)
    after = last_b - 1 + np.arange(1, len(voice) - last_a + 1, dtype=np.float32)
    times = np.concatenate([before, inner + first_b, after])
    reach = round(3 * SMOOTH)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SMOOTH) ** 2)
    ramp = np.arange(1, reach + 1, dtype=np.float32)
    padded = np.concatenate([times[0] - ramp[::-1], times, times[-1] + ramp])
    return np.convolve(padded, kernel / kernel.sum(), "valid").astype(np.float32), distance


def at_frames(values: Floats, frames: Floats) -> Floats:
    """(T, …) at fractional frames (N,), linearly; beyond the ends the first and the last."""
    at = np.clip(frames, 0, len(values) - 1)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, len(values) - 1)
    weight = (at - low).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    mixed: Floats = values[low] * (1 - weight) + values[high] * weight
    return mixed
