"""`--profile unity`: a shipped network as what a game engine runs by itself, without Python and without a bridge.

    live.onnx           one frame of 20 ms: features and states in, all cues and states out
    live_feeling.onnx   the emotion branch: every fourth frame, before the other
    live.json           everything that must be known to run them; an engine has no ONNX metadata
    retarget.bytes      the map from cues to ARKit's 52 weights

All of it is made of the shipped file, whose 8 bits are unpacked; a checkpoint is not needed, nor torch. What comes
out is checked against that before it is kept.
"""

from __future__ import annotations

import json
import struct
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError

from bridge import features
from bridge.contract import (
    INPUTS,
    KEY,
    NOISE,
    OUTPUT_SHAPES,
    OUTPUTS,
    STATE_IN,
    STATE_OUT,
    Contract,
    read_contract,
)
from bridge.frames import ARKIT, EMOTIONS, STYLES, Floats
from bridge.landmarks import neutral_face
from bridge.retarget import Retarget
from bridge.sources.demo import DEMO_CLIPS, load_clip
from export.folding import OPSET
from export.one_step import ANSWER, BLOCK, RUN, Steps, one_step
from export.operators import SOURCE, complaints
from export.unpacking import unpack

FORMAT = 1
"""Raised when the files' meaning changes; readers refuse another."""
TOLERANCE = 1e-5
"""Largest difference from the shipped network, its 8 bits unpacked."""
LOOSE = {"emotion": 1e-4, "states": 1e-4}
"""Where more is accepted: probabilities, and states as a share of 1 + their size. The shipped network's emotion differs
by 3e-5 from itself when onnxruntime's optimiser is switched off: deviations over seconds are small differences of
large sums."""
FRAMES = 300
"""Frames of bundled speech that are compared."""
MAGIC = b"FCRT"


class EngineError(ValueError):
    """A network that an engine could not run, or that would not say the same there."""


def write_engine(source: Path, folder: Path) -> dict[str, float]:
    """Writes the four files of a network into `folder`, which is made if it is not there.

    Args:
        source: a file of `python -m export`, of either profile.
        folder: where they go; files of these names are replaced, once all are written.

    Returns:
        What was measured: the largest difference of each output and of the states over `FRAMES` frames.

    Raises:
        FileNotFoundError: if there is no such network.
        ValueError: if it is none of ours, an operator is unknown to Unity, or the result says something else.
    """
    if folder.exists() and not folder.is_dir():
        raise EngineError(f"{folder} is a file; name a folder")
    model = loaded(source)
    contract = contract_of(model, source)
    unpack(model)
    plain = model.SerializeToString()
    steps = one_step(model, contract)
    for graph in (steps.main, steps.feeling):
        found = complaints(graph)
        if found:
            raise EngineError(f"{source.name} cannot go into Unity:\n" + "\n".join(found))
        onnx.checker.check_model(graph, full_check=True)
    measured = parity(plain, steps, contract, FRAMES)
    for name, value in measured.items():
        if not value <= LOOSE.get(name, TOLERANCE):
            raise EngineError(
                f"{name} differs by {value:.1e} from {source.name}; at most {LOOSE.get(name, TOLERANCE):.0e} is "
                "accepted: not kept"
            )
    said = f"facecue {contract.name}: {contract.trained_on} Licence of the weights: {contract.licence}"
    files = {
        f"{contract.name}.json": json.dumps(sidecar(steps, contract, measured), indent=1).encode(),
        "retarget.bytes": retarget_bytes(),
    }
    for graph, name in ((steps.main, contract.name), (steps.feeling, f"{contract.name}_feeling")):
        graph.doc_string = said
        files[f"{name}.onnx"] = graph.SerializeToString()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        for name, data in files.items():
            (Path(beside) / name).write_bytes(data)
        for name in files:
            (Path(beside) / name).replace(folder / name)
    return measured


def loaded(source: Path) -> onnx.ModelProto:
    """A model file.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is no ONNX file.
    """
    if not source.is_file():
        raise FileNotFoundError(f"{source}: no such network")
    try:
        return onnx.load(str(source))
    except DecodeError as error:
        raise ValueError(f"{source} is no ONNX file: {error}") from error


def contract_of(model: onnx.ModelProto, source: Path) -> Contract:
    """What a model says of itself.

    Raises:
        ContractError: if it is none of ours, or of another version.
    """
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return read_contract(metadata.get(KEY), str(source))


def session(data: bytes) -> Any:
    """A one-thread onnxruntime session of a model's bytes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


class Stepper:
    """Runs the two graphs frame by frame as an engine does; the states are handed over here."""

    def __init__(self, main: bytes, feeling: bytes, begin: Floats) -> None:
        self._main, self._feeling, self._begin = session(main), session(feeling), begin
        self.reset()

    def reset(self) -> None:
        """Nothing was heard yet."""
        self.frame = 0
        self._answers = self._begin
        self._heard: list[Floats] = []
        self.states: dict[str, Floats] = {
            i.name: np.zeros(i.shape, np.float32)
            for session in (self._main, self._feeling)
            for i in session.get_inputs()
            if i.name.startswith(STATE_IN)
        }

    def __call__(self, given: dict[str, Floats]) -> dict[str, Floats]:
        """The inputs of `bridge.contract.INPUTS` for one frame → its outputs."""
        self._heard = [*self._heard[1 - BLOCK :], given["mel"].reshape(1, 1, -1)]
        if self.frame % BLOCK == BLOCK - 1:
            self._answers = self._run(self._feeling, {RUN: np.concatenate(self._heard, axis=1)})[ANSWER]
        self.frame += 1
        return self._run(self._main, given | {ANSWER: self._answers})

    def _run(self, session: Any, given: dict[str, Floats]) -> dict[str, Floats]:
        names = [o.name for o in session.get_outputs()]
        wanted = {i.name for i in session.get_inputs()}
        states = {name: value for name, value in self.states.items() if name in wanted}
        made = dict(zip(names, session.run(names, given | states), strict=True))
        self.states |= {
            STATE_IN + n.removeprefix(STATE_OUT): made[n] for n in names if n.startswith(STATE_OUT)
        }
        return made


def parity(plain: bytes, steps: Steps, contract: Contract, frames: int) -> dict[str, float]:
    """Largest differences from the network it was made of: of each output, and of all final states.

    Bundled speech, on which every input of direction moves.
    """
    speech = features.log_mel(np.concatenate([load_clip(name) for name, _ in DEMO_CLIPS]))
    theirs = session(plain)
    ours = Stepper(steps.main.SerializeToString(), steps.feeling.SerializeToString(), steps.begin)
    rng = np.random.default_rng(0)
    state = {STATE_IN + n: np.zeros(shape, np.float32) for n, shape in contract.states.items()}
    names = [*OUTPUTS, *(STATE_OUT + n for n in contract.states)]
    worst = dict.fromkeys([*OUTPUTS, "states"], 0.0)
    for n in range(frames):
        given = dict(zip(INPUTS, _asked(speech, rng, n), strict=True))
        wanted = dict(zip(names, theirs.run(names, given | state), strict=True))
        state = {STATE_IN + name: wanted[STATE_OUT + name] for name in contract.states}
        made = ours(given)
        for name in OUTPUTS:
            worst[name] = max(worst[name], float(np.abs(wanted[name] - made[name]).max()))
    for name, value in ours.states.items():
        apart = np.abs(state[name] - value) / (1 + np.abs(state[name]))
        worst["states"] = max(worst["states"], float(apart.max()))
    return worst


def _asked(speech: Floats, rng: np.random.Generator, n: int) -> list[Floats]:
    """The inputs of frame `n`."""

    def one(value: float) -> Floats:
        return np.full((1, 1), value, np.float32)

    return [
        speech[None, 2 * n : 2 * n + 2],
        rng.dirichlet(np.ones(len(EMOTIONS))).astype(np.float32)[None],
        one(n % 50 / 50), one(n % 30 / 15),
        np.eye(len(STYLES), dtype=np.float32)[None, n // 60 % len(STYLES)],
        one(1.0), rng.standard_normal((1, 1, NOISE), np.float32),
    ]  # fmt: skip


def sidecar(steps: Steps, contract: Contract, measured: dict[str, float]) -> dict[str, Any]:
    """All that must be known to run the files."""

    def part(graph: onnx.ModelProto, file: str) -> dict[str, Any]:
        def port(value: onnx.ValueInfoProto) -> dict[str, Any]:
            return {"name": value.name, "shape": [dim.dim_value for dim in value.type.tensor_type.shape.dim]}

        states = [port(v) for v in graph.graph.input if v.name.startswith(STATE_IN)]
        return {
            "file": file,
            "inputs": [port(v) for v in graph.graph.input if not v.name.startswith(STATE_IN)],
            "outputs": [port(v) for v in graph.graph.output if not v.name.startswith(STATE_OUT)],
            "states": [
                {"in": s["name"], "out": s["name"].replace(STATE_IN, STATE_OUT, 1), "shape": s["shape"], "first": 0.0}
                for s in states
            ],
        }  # fmt: skip

    facts = asdict(contract)
    return {
        "format": FORMAT,
        **{key: facts[key] for key in ("name", "licence", "trained_on", "version", "rate_hz", "cue_rate_hz")},
        "lookahead_hops": contract.lookahead_hops,
        "lookahead_ms": contract.lookahead_ms,
        "features": {
            "bins": features.BINS, "hop": features.HOP_SAMPLES, "window": features.WINDOW_SAMPLES,
            "fft": features.FFT_SIZE, "low_hz": features.LOW_HZ, "high_hz": features.HIGH_HZ, "floor": features.FLOOR,
            "mean": features.MEAN, "scale": features.SCALE, "silence": features.SILENCE,
        },
        "emotions": list(EMOTIONS), "styles": list(STYLES), "arkit": list(ARKIT),
        "output_shapes": {name: list(shape) for name, shape in OUTPUT_SHAPES.items()},
        "direction": {"emotion_mix": 0.0, "intensity": 1.0, "style": "actor", "temperature": 1.0},
        "noise": "standard normal",
        "main": part(steps.main, f"{contract.name}.onnx"),
        "feeling": part(steps.feeling, f"{contract.name}_feeling.onnx") | {"every": BLOCK},
        "answers": steps.begin.ravel().tolist(),
        "neutral": neutral_face().ravel().tolist(),
        "retarget": "retarget.bytes",
        "opset": OPSET, "operators": SOURCE, "parity": measured,
    }  # fmt: skip


def retarget_bytes() -> bytes:
    """The map of `bridge.retarget`: little-endian, sizes before values, indices int32, weights float32."""
    map_ = Retarget()
    parts: list[bytes] = [MAGIC, struct.pack("<i", FORMAT)]
    for value in map_.parts():
        kind = "<i4" if np.issubdtype(value.dtype, np.integer) else "<f4"
        parts += [struct.pack("<i", value.size), np.ascontiguousarray(value, kind).tobytes()]
    return b"".join(parts)
