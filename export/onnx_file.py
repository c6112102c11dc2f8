"""A cue network as an ONNX file that explains itself, checked against torch before it is kept."""

from __future__ import annotations

import warnings
from copy import deepcopy
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime
import torch
from google.protobuf.message import DecodeError
from torch import Tensor, nn

from bridge.contract import INPUTS, KEY, NOISE, OUTPUTS, STATE_IN, STATE_OUT, Contract
from bridge.features import BINS
from bridge.frames import EMOTIONS, STYLES
from export.packing import DRIFT, drift, pack, unfolded, unpack
from export.subgraphs import DOMAIN, grown, placed
from models.cue_network import CueNetwork, neutral_request

OPSET = 17
TOLERANCE = 2e-4
"""Largest difference between torch and onnxruntime: of outputs, and of final states as a share of 1 + their size."""


HALVED = 5120
"""Weights with at least this many values are stored in 16 bits: half the file, and the runtime unpacks them once."""


Profile = Literal["bridge", "plain"]


class ParityError(RuntimeError):
    """The exported network does not say what the trained one says."""


class _Flat(nn.Module):
    """The network with its state as positional tensors, as the exporter wants it."""

    def __init__(self, network: CueNetwork, names: list[str]) -> None:
        super().__init__()
        self.network, self.names = network, names

    def forward(
        self,
        mel: Tensor,
        request: Tensor,
        mix: Tensor,
        intensity: Tensor,
        style: Tensor,
        temperature: Tensor,
        noise: Tensor,
        *state: Tensor,
    ) -> tuple[Tensor, ...]:
        before = dict(zip(self.names, state, strict=True))
        outputs, after = self.network(mel, request, mix, intensity, style, temperature, noise, before)
        return (*outputs, *(after[name] for name in self.names))


def contract_of(network: CueNetwork, name: str, trained_on: str, licence: str) -> Contract:
    """The facts that go into the file."""
    shapes = {key: list(value.shape) for key, value in network.initial_state().items()}
    return Contract(name, network.config.lookahead_hops, shapes, trained_on, licence)


def rounded(network: CueNetwork) -> CueNetwork:
    """A copy whose large weights are exactly what 16 bits hold, so that the file loses nothing of it."""
    copy = deepcopy(network)
    with torch.no_grad():
        for weight in (*copy.parameters(), *copy.buffers()):
            if weight.is_floating_point() and weight.numel() >= HALVED:
                weight.copy_(weight.half().float())
    return copy


def halve(model: onnx.ModelProto) -> None:
    """Stores every large weight in 16 bits, with a cast behind it, in place."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        values = onnx.numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < HALVED:
            continue
        name = weight.name
        weight.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.16"))
        casts.append(onnx.helper.make_node("Cast", [weight.name], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def save(model: onnx.ModelProto, path: Path) -> None:
    """Checks a model and writes it."""
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def write(network: CueNetwork, contract: Contract, path: Path) -> None:
    """Exports to `path`: standard operators, dynamic time axis, named states, contract in the metadata."""
    flat = _Flat(placed(network), list(network.initial_state())).eval()
    state = tuple(network.initial_state().values())
    example = (
        torch.zeros(1, 8, BINS),
        *neutral_request(4),
        *state,
    )
    with warnings.catch_warnings():
        # the legacy exporter keeps the time axis dynamic; torch announces its retirement at every call
        warnings.simplefilter("ignore")
        torch.onnx.export(
            flat, example, str(path), dynamo=False, opset_version=OPSET, custom_opsets={DOMAIN: 1},
            input_names=[*INPUTS, *(STATE_IN + n for n in flat.names)],
            output_names=[*OUTPUTS, *(STATE_OUT + n for n in flat.names)],
            dynamic_axes={"mel": {1: "hops"}, "noise": {1: "frames"}, **{name: {1: "frames"} for name in OUTPUTS}},
        )  # fmt: skip
        model = onnx.load(str(path))
        grown(model, network, OPSET)
    halve(model)
    onnx.helper.set_model_props(model, {KEY: contract.to_json()})
    model.doc_string = (
        f"facecue {contract.name}: {contract.trained_on} Licence of the weights: {contract.licence}"
    )
    save(model, path)


def parity(network: CueNetwork, path: Path, *, steps: int = 300, chunk: int = 1, seed: int = 0) -> float:
    """Largest difference over `steps` streamed frames in chunks of `chunk`, outputs and final states.

    Direction changes on the way, so that its inputs are checked as well.
    """
    rng = np.random.default_rng(seed)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = list(network.initial_state())
    ours = network.initial_state()
    theirs = {STATE_IN + n: v.numpy() for n, v in ours.items()}
    worst = 0.0
    with torch.no_grad():
        for step in range(0, steps, chunk):
            mel = rng.normal(0, 1, (1, 2 * chunk, BINS)).astype(np.float32)
            request = rng.dirichlet(np.ones(len(EMOTIONS))).astype(np.float32)[None]
            mix, intensity = (
                np.full((1, 1), (step % 50) / 50, np.float32),
                np.full((1, 1), (step % 30) / 15, np.float32),
            )
            style = rng.dirichlet(np.ones(len(STYLES))).astype(np.float32)[None]
            noise = rng.standard_normal((1, chunk, NOISE), np.float32)
            given = (mel, request, mix, intensity, style, np.ones((1, 1), np.float32), noise)
            inputs = dict(zip(INPUTS, given, strict=True))
            outputs, ours = network(*(torch.from_numpy(v) for v in inputs.values()), ours)
            got = session.run(None, inputs | theirs)
            for a, b in zip(outputs, got, strict=False):
                worst = max(worst, float(np.abs(a.numpy() - b).max()))
            theirs = {STATE_IN + n: v for n, v in zip(names, got[len(OUTPUTS) :], strict=True)}
    for name in names:
        wanted = ours[name].numpy()
        # sums over seconds are large: theirs is a share
        worst = max(worst, float((np.abs(wanted - theirs[STATE_IN + name]) / (1 + np.abs(wanted))).max()))
    return worst


def export(
    network: CueNetwork, contract: Contract, path: Path, profile: Profile = "bridge"
) -> dict[str, float]:
    """Writes beside, checks at the deployed shapes (one frame, and long chunks), then renames.

    Args:
        network: what was trained.
        contract: the facts that go into the file.
        path: where the file goes.
        profile: `plain` has standard operators alone; `bridge` has its large weights in 8 bits, for onnxruntime.

    Returns:
        What was measured: largest difference from torch by chunk size (before packing), and what packing changed.

    Raises:
        ParityError: if one exceeds `TOLERANCE` or `DRIFT`; nothing is kept then.
    """
    plain, packed = path.with_suffix(".plain.part"), path.with_suffix(".part")
    network = rounded(network)
    try:
        write(unfolded(network) if profile == "bridge" else network, contract, plain)
        found = {f"{chunk} a call": parity(network, plain, steps=320, chunk=chunk) for chunk in (1, 7, 64)}
        worst = max(found.values())
        if not worst <= TOLERANCE:
            raise ParityError(
                f"{path.name} differs from torch by {worst:.2e}; at most {TOLERANCE:.0e} is accepted: not kept"
            )
        if profile == "plain":
            plain.replace(path)
            return found
        model = onnx.load(str(plain))
        pack(model)
        save(model, packed)
        changed = drift(plain, packed)
        for name, share in changed.items():
            if not share <= DRIFT:
                raise ParityError(
                    f"8 bits change {name} of {path.name} by {share:.1%}; at most {DRIFT:.0%} is accepted: not kept"
                )
        packed.replace(path)
        return found | {"packing": max(changed.values())}
    finally:
        plain.unlink(missing_ok=True)
        packed.unlink(missing_ok=True)


def plain_copy(source: Path, path: Path) -> int:
    """Writes a network of either profile with standard operators alone; how many matrices were unpacked.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no ONNX file of ours.
    """
    if not source.is_file():
        raise FileNotFoundError(f"{source}: no such network")
    try:
        model = onnx.load(str(source))
    except DecodeError as error:
        raise ValueError(f"{source} is no ONNX file: {error}") from error
    if KEY not in {entry.key for entry in model.metadata_props}:
        raise ValueError(f"{source} carries no {KEY} metadata: it was not made by `python -m export`")
    unpacked = unpack(model)
    beside = path.with_suffix(".part")
    try:
        save(model, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return unpacked
