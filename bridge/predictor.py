"""Features → Cues: runs an exported network, its state in and out. Knows onnxruntime, not where features come from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from bridge.contract import (
    INPUTS,
    KEY,
    MAX_STATE_VALUES,
    NOISE,
    OUTPUT_SHAPES,
    OUTPUTS,
    STATE_IN,
    STATE_OUT,
    Contract,
    ContractError,
    read_contract,
)
from bridge.features import BINS, SILENCE
from bridge.frames import EMOTIONS, STYLES, Cues, Floats, Steering, frame_time_s
from bridge.landmarks import GAP_LOWER, GAP_UPPER, neutral_face

MAX_FRAMES_A_CALL = 256
"""Longer runs are cut: bounded memory when a whole file arrives at once."""
MAX_MODEL_BYTES = 256 * 2**20
_UPPER, _LOWER = list(GAP_UPPER), list(GAP_LOWER)


def _open_session(path: Path) -> Any:
    """A one-thread onnxruntime session; every failure is a ContractError with the file's name."""
    import onnxruntime  # 0.1 s to import: only when a network is really run

    if not path.is_file():
        raise ContractError(f"{path}: no such model file")
    size = path.stat().st_size
    if size > MAX_MODEL_BYTES:
        raise ContractError(f"{path} has {size} bytes; a cue network has at most {MAX_MODEL_BYTES}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what fails is said once, by us
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no class of their own
        raise ContractError(
            f"{path} ({size} bytes) is no whole ONNX model: {str(error).splitlines()[0]:.120}; copy or export it again"
        ) from error


def uncross_lips(landmarks: Floats) -> None:
    """Makes facing inner-lip points of (T, 68, 3) that passed each other meet in the middle, in place."""
    upper, lower = landmarks[:, _UPPER, 1], landmarks[:, _LOWER, 1]
    crossed = upper < lower
    if crossed.any():
        middle = (upper + lower) / 2
        landmarks[:, _UPPER, 1] = np.where(crossed, middle, upper)
        landmarks[:, _LOWER, 1] = np.where(crossed, middle, lower)


class Predictor:
    """A network and its stream state.

    Frame n comes out once `lookahead_hops` hops past its time were fed; chunked equals whole.
    """

    def __init__(self, session: Any, contract: Contract) -> None:
        self.contract = contract
        self.lookahead_hops = contract.lookahead_hops
        self._session = session
        self._names = [*OUTPUTS, *(STATE_OUT + name for name in contract.states)]
        self._neutral = neutral_face()
        self.reset()

    @classmethod
    def load(cls, path: Path | str) -> Predictor:
        """Opens an exported network.

        Raises:
            ContractError: if the file is missing, broken, or made for other conventions.
        """
        path = Path(path)
        session = _open_session(path)
        contract = read_contract(session.get_modelmeta().custom_metadata_map.get(KEY), str(path))
        has = {i.name: i.shape for i in session.get_inputs()}
        wants = {*INPUTS, *(STATE_IN + name for name in contract.states)}
        if has.keys() != wants:
            odd = sorted(has.keys() ^ wants)
            raise ContractError(f"{path}: inputs and contract differ in {', '.join(odd)}; export it again")
        outputs = {o.name for o in session.get_outputs()}
        lacking = {*OUTPUTS, *(STATE_OUT + name for name in contract.states)} - outputs
        if lacking:
            raise ContractError(f"{path} has no output {', '.join(sorted(lacking))}; export it again")
        for name, shape in contract.states.items():
            if has[STATE_IN + name] != shape:
                raise ContractError(
                    f"{path}: state {name} is {has[STATE_IN + name]}; its contract says {shape}"
                )
        values = sum(math.prod(shape) for shape in contract.states.values())
        if values > MAX_STATE_VALUES:
            raise ContractError(f"{path} keeps {values} state values; at most {MAX_STATE_VALUES} are allowed")
        predictor = cls(session, contract)
        predictor._rehearse(path)
        predictor.reset()
        return predictor

    def _rehearse(self, path: Path) -> None:
        """Runs two hops of silence: what a network does is found out before a voice meets it.

        Raises:
            ContractError: if it fails, or gives anything but the shapes of `OUTPUT_SHAPES` and its own states.
        """
        silence = np.full((1, 2, BINS), SILENCE, np.float32)
        feed = self._feed(silence, Steering(np.eye(len(EMOTIONS), dtype=np.float32)[0], 0.0, 1.0))
        try:
            values = self._session.run(self._names, feed)
        except Exception as error:  # as above
            raise ContractError(
                f"{path} does not run: {' '.join(str(error).split()):.160}; export it again"
            ) from error
        wants = [(1, 1, *shape) for shape in OUTPUT_SHAPES.values()]
        wants += [tuple(shape) for shape in self.contract.states.values()]
        for name, value, want in zip(self._names, values, wants, strict=True):
            if value.shape != want or value.dtype != np.float32:
                raise ContractError(
                    f"{path}: {name} comes as {value.dtype} {value.shape}; this bridge needs float32 {want}"
                )
            if not np.isfinite(value).all():
                raise ContractError(f"{path}: {name} is not finite for silence; train or export it again")

    def reset(self) -> None:
        """Forgets all that was heard; the next frame is number 0."""
        self._state: dict[str, Floats] = {
            STATE_IN + name: np.zeros(shape, np.float32) for name, shape in self.contract.states.items()
        }
        # an even look-ahead pairs hops (−1, 0), (1, 2), …: hop −1 is silence before the stream
        lead = 1 - self.lookahead_hops % 2
        self._waiting: Floats = np.full((lead, BINS), SILENCE, np.float32)
        self._next = -(self.lookahead_hops // 2)
        self._seed: int | None = None  # of the chance drawn so far

    def __call__(self, mel: Floats, steering: Steering) -> list[Cues]:
        """Feeds features (K, 80); returns the cues that they completed, in order.

        Raises:
            ValueError: on another number of bins.
        """
        if mel.ndim != 2 or mel.shape[1] != BINS:
            raise ValueError(f"features must be (K, {BINS}); got {mel.shape}")
        hops = np.concatenate([self._waiting, mel]) if len(self._waiting) else mel
        steps = len(hops) // 2
        self._waiting = hops[2 * steps :].copy()
        cues: list[Cues] = []
        for start in range(0, steps, MAX_FRAMES_A_CALL):
            stop = min(steps, start + MAX_FRAMES_A_CALL)
            cues += self._run(hops[2 * start : 2 * stop], steering)
        return cues

    def _feed(self, mel: Floats, steering: Steering) -> dict[str, Floats]:
        """All inputs: mel (1, hops, 80), what the director asks, chance, and the state."""
        if steering.seed != self._seed:
            self._seed = steering.seed
            self._chance = np.random.default_rng(steering.seed)
        style = np.zeros((1, len(STYLES)), np.float32)
        style[0, STYLES.index(steering.style)] = 1.0
        # one frame after the other from one series: blocks of any size draw the same
        noise = self._chance.standard_normal((1, mel.shape[1] // 2, NOISE), np.float32)
        return {
            "mel": mel,
            "emotion_request": steering.emotion.reshape(1, -1).astype(np.float32, copy=False),
            "emotion_mix": np.array([[steering.mix]], np.float32),
            "intensity": np.array([[steering.intensity]], np.float32),
            "style": style,
            "temperature": np.array([[steering.temperature]], np.float32),
            "noise": noise,
            **self._state,
        }

    def _run(self, hops: Floats, steering: Steering) -> list[Cues]:
        feed = self._feed(np.ascontiguousarray(hops[None], np.float32), steering)
        values = self._session.run(self._names, feed)
        for name, value in zip(self._state, values[len(OUTPUTS) :], strict=True):
            self._state[name] = value
        displacement, gaze, rotation, translation, emotion, voice = (v[0] for v in values[: len(OUTPUTS)])
        landmarks = displacement + self._neutral
        uncross_lips(landmarks)
        first = self._next
        self._next += len(landmarks)
        return [
            Cues(
                n,
                frame_time_s(n),
                landmarks[i],
                gaze[i],
                rotation[i],
                translation[i],
                emotion[i],
                float(voice[i]),
            )
            for i, n in enumerate(range(first, self._next))
            if n >= 0
        ]
