"""What a model file says of itself: one JSON text in the ONNX metadata, read and checked before a frame is run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from bridge.features import BINS, FFT_SIZE, HIGH_HZ, HOP_SAMPLES, LOW_HZ, WINDOW_SAMPLES
from bridge.frames import CUE_RATE_HZ, EMOTIONS, RATE_HZ, STYLES

KEY = "facecue.contract"
"""Name of the metadata entry."""
VERSION = 2
"""Raised when inputs, outputs or their meaning change."""
FEATURES = f"log-mel/{BINS}/{WINDOW_SAMPLES}/{HOP_SAMPLES}/{FFT_SIZE}/{LOW_HZ:g}-{HIGH_HZ:g}"
LANDMARKS = "ibug68-displacement-cm"
MAX_LOOKAHEAD_HOPS = 500
NOISE = 10
"""Standard normal values that a frame's gaze and head are drawn with."""
INPUTS = ("mel", "emotion_request", "emotion_mix", "intensity", "style", "temperature", "noise")
OUTPUT_SHAPES: dict[str, tuple[int, ...]] = {
    "displacement": (68, 3), "gaze": (2, 2), "head_rotation": (4,), "head_translation": (3,),
    "emotion": (len(EMOTIONS),), "voice": (),
}  # fmt: skip
"""Name → shape of one frame of each output; batch and frames go before."""
OUTPUTS = tuple(OUTPUT_SHAPES)
STATE_IN, STATE_OUT = "state.", "next."
"""Prefixes of each state tensor's input and output."""
MAX_STATE_VALUES = 4_000_000


class ContractError(ValueError):
    """A model file that this bridge cannot run, with both values in the message."""


@dataclass(frozen=True)
class Contract:
    """The facts of a network."""

    name: str
    """`live` or `studio`, or what its maker called it."""
    lookahead_hops: int
    """Hops of 10 ms that must be heard past a frame's `time_s` before it comes out."""
    states: dict[str, list[int]]
    """Name → shape of each state tensor, batch 1."""
    trained_on: str
    licence: str
    version: int = VERSION
    rate_hz: int = RATE_HZ
    cue_rate_hz: int = CUE_RATE_HZ
    features: str = FEATURES
    landmarks: str = LANDMARKS
    emotions: tuple[str, ...] = EMOTIONS
    styles: tuple[str, ...] = STYLES

    @property
    def lookahead_ms(self) -> int:
        """Milliseconds of audio needed past a frame's time."""
        return self.lookahead_hops * 1000 * HOP_SAMPLES // RATE_HZ

    def to_json(self) -> str:
        """For the metadata."""
        return json.dumps(asdict(self), sort_keys=True)


def read_contract(text: str | None, source: str) -> Contract:
    """Parses and checks the metadata of the model file `source`.

    Raises:
        ContractError: if it is missing, malformed, or says something this bridge does not do.
    """
    if text is None:
        raise ContractError(f"{source} carries no {KEY} metadata: it was not made by `python -m export`")
    try:
        raw: Any = json.loads(text)
    except ValueError as error:
        raise ContractError(f"{source}: its contract is not JSON ({error}); export it again") from error
    if not isinstance(raw, dict):
        raise ContractError(f"{source}: its contract is a {type(raw).__name__}, not a map; export it again")
    known = {f.name for f in fields(Contract)}
    missing = {f.name for f in fields(Contract)} - raw.keys()
    if missing:
        raise ContractError(f"{source}: its contract misses {', '.join(sorted(missing))}; export it again")
    raw = {k: v for k, v in raw.items() if k in known}
    for names in ("emotions", "styles"):
        if isinstance(raw[names], list):
            raw[names] = tuple(raw[names])
    ours = {
        "version": VERSION, "rate_hz": RATE_HZ, "cue_rate_hz": CUE_RATE_HZ,
        "features": FEATURES, "landmarks": LANDMARKS, "emotions": EMOTIONS,
        "styles": STYLES,
    }  # fmt: skip
    for key, value in ours.items():
        if raw[key] != value:
            raise ContractError(
                f"{source} has {key} {raw[key]!r}; this bridge needs {value!r}: use a network made for this version"
            )
    hops = raw["lookahead_hops"]
    if not isinstance(hops, int) or not 0 <= hops <= MAX_LOOKAHEAD_HOPS:
        raise ContractError(f"{source} has lookahead_hops {hops!r}; 0 to {MAX_LOOKAHEAD_HOPS} are possible")
    states = raw["states"]
    shapes_fit = isinstance(states, dict) and all(
        isinstance(shape, list) and all(isinstance(d, int) and d > 0 for d in shape)
        for shape in states.values()
    )
    if not shapes_fit:
        raise ContractError(f"{source}: its states are {states!r:.80}, not shapes of positive integers")
    return Contract(**raw)
