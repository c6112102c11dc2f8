"""A graph with everything worked out that does not depend on a value: shapes and lengths, once, by running it.

What is left has static shapes and is of an older opset: LayerNormalization, which came with opset 17, is said with
InstanceNormalization.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

MADE_IN, OPSET = 17, 15
"""Opset of the shipped networks, and the newest that Unity's manual vouches for."""


def folded(
    nodes: list[onnx.NodeProto],
    weights: Iterable[onnx.TensorProto],
    inputs: dict[str, tuple[int, ...]],
    outputs: dict[str, tuple[int, ...]],
    name: str,
) -> onnx.ModelProto:
    """A model of what `outputs` needs, with everything that does not depend on a value worked out."""
    nodes = _needed(nodes, outputs)
    stored = {weight.name: weight for weight in weights}
    fixed = set(stored)
    loose: list[onnx.NodeProto] = []
    for node in nodes:
        if node.op_type in ("Constant", "Shape") or all(n in fixed for n in node.input if n):
            fixed.update(node.output)
        else:
            loose.append(node)
    read = {n for node in loose for n in node.input} | set(outputs)
    worked_out = [o for node in nodes if node not in loose for o in node.output if o in read]
    values = _values(
        _model(nodes, stored.values(), inputs, dict.fromkeys(worked_out), name, opset=MADE_IN), inputs
    )
    kept = [w for n, w in stored.items() if n in read and n not in values]
    kept += [numpy_helper.from_array(value, n) for n, value in values.items()]
    model = _model(loose, kept, inputs, dict(outputs), name, opset=MADE_IN)
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    known = {v.name: v.type.tensor_type for v in (*inferred.input, *inferred.value_info, *inferred.output)}
    types = {n: kind.elem_type for n, kind in known.items()} | {w.name: w.data_type for w in kept}
    loose = _plain(loose, types, outputs)
    sizes = {n: [dim.dim_value for dim in kind.shape.dim] for n, kind in known.items()}
    return _model(_normal(loose, kept, sizes), kept, inputs, dict(outputs), name, opset=OPSET)


def _needed(nodes: list[onnx.NodeProto], outputs: Iterable[str]) -> list[onnx.NodeProto]:
    """The nodes that the outputs depend on, in order."""
    wanted = set(outputs)
    kept: list[onnx.NodeProto] = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]


def _model(
    nodes: Iterable[onnx.NodeProto],
    weights: Iterable[onnx.TensorProto],
    inputs: dict[str, tuple[int, ...]],
    outputs: dict[str, tuple[int, ...] | None],
    name: str,
    *,
    opset: int,
) -> onnx.ModelProto:
    """A model of these nodes, with what they read of the weights."""
    nodes = list(nodes)
    read = {n for node in nodes for n in node.input} | set(outputs)
    kind = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info(n, kind, shape) for n, shape in inputs.items()],
        [helper.make_tensor_value_info(n, kind, s) if s is not None else onnx.ValueInfoProto(name=n)
         for n, s in outputs.items()],
        [weight for weight in weights if weight.name in read],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def _values(model: onnx.ModelProto, inputs: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """What the outputs of a model are, whatever its inputs."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [value.name for value in model.graph.output]
    given = {n: np.zeros(shape, np.float32) for n, shape in inputs.items()}
    return dict(zip(names, session.run(names, given), strict=True))


def _plain(nodes: list[onnx.NodeProto], types: dict[str, int], ends: Iterable[str]) -> list[onnx.NodeProto]:
    """Without nodes that hand on what they get: Identity, and Cast to what it is already."""
    same: dict[str, str] = {}
    ends = set(ends)
    kept: list[onnx.NodeProto] = []
    for node in nodes:
        node.input[:] = [same.get(name, name) for name in node.input]
        idle = node.op_type == "Identity" or (
            node.op_type == "Cast" and types.get(node.input[0]) == node.attribute[0].i
        )
        if idle and node.output[0] not in ends:
            same[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    return kept


def _normal(
    nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto], sizes: dict[str, list[int]]
) -> list[onnx.NodeProto]:
    """LayerNormalization, which came with opset 17, as InstanceNormalization with every frame a channel.

    What that takes of weights is added to them.
    """
    out: list[onnx.NodeProto] = []
    for node in nodes:
        if node.op_type != "LayerNormalization":
            out.append(node)
            continue
        given, scale, bias = node.input
        (made,) = node.output
        size = sizes[given]
        frames = int(np.prod(size[:-1]))
        for name, value in (
            ("ones", np.ones(frames, np.float32)), ("noughts", np.zeros(frames, np.float32)),
            ("flat", np.array([1, frames, size[-1]])), ("back", np.array(size)),
        ):  # fmt: skip
            weights.append(numpy_helper.from_array(value, f"{made}/{name}"))
        fits = len(size) == 3 and size[0] == 1
        flat, normal = (given, f"{made}/back_there") if fits else (f"{made}/there", f"{made}/normal")
        if not fits:
            out.append(
                helper.make_node("Reshape", [given, f"{made}/flat"], [flat], name=f"{node.name}/there")
            )
        epsilon = next((a.f for a in node.attribute if a.name == "epsilon"), 1e-5)
        out.append(
            helper.make_node(
                "InstanceNormalization", [flat, f"{made}/ones", f"{made}/noughts"], [normal], epsilon=epsilon,
                name=f"{node.name}/normal",
            )
        )  # fmt: skip
        if not fits:
            out.append(
                helper.make_node(
                    "Reshape", [normal, f"{made}/back"], [f"{made}/back_there"], name=f"{node.name}/back"
                )
            )
        out.append(
            helper.make_node(
                "Mul", [f"{made}/back_there", scale], [f"{made}/scaled"], name=f"{node.name}/scale"
            )
        )
        out.append(helper.make_node("Add", [f"{made}/scaled", bias], [made], name=f"{node.name}/bias"))
    return out
