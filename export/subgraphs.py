"""What has a shape of its own in ONNX: frame by frame as a Scan, now and then as an If.

The exporter would unroll a loop, or freeze its length, and would run what need not run. So the network is traced
with one node in the place of each such part (`placed`); the part is exported by itself, and its graph becomes the
body of a Scan or the branch of an If that takes the node's place (`grown`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from bridge.contract import NOISE
from bridge.features import BINS
from bridge.frames import EMOTIONS, STYLES
from models.cue_network import CueNetwork
from models.data.motion import MOTION_SIZE
from models.emotion import BLOCK
from models.performance import HIDDEN, PHASE, SIZE, Between, Step

DOMAIN = "facecue"
PERFORM, FEEL = "Perform", "Feel"


def every_node(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """All nodes, those of graphs inside nodes too."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from every_node(attribute.g)


class _PerformNode(torch.autograd.Function):
    """`models.performance.Loop` as one node; while it is traced, only shapes matter."""

    @staticmethod
    def forward(_: Any, *given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs of the loop's shapes."""
        _emotion, _style, opening, _noise, _temperature, hidden, packed = given
        return opening.repeat(1, 1, MOTION_SIZE), hidden.clone(), packed.clone()

    @staticmethod
    def symbolic(g: Any, *given: Any) -> Any:
        """The node."""
        made = g.op(f"{DOMAIN}::{PERFORM}", *given, outputs=3)
        made[0].setType(given[2].type().with_sizes([None, None, MOTION_SIZE]))
        for value, like in zip(made[1:], given[5:], strict=True):
            value.setType(like.type())
        return made


class _FeelNode(torch.autograd.Function):
    """`models.emotion.Whole` as one node."""

    @staticmethod
    def forward(_: Any, *given: Tensor) -> tuple[Tensor, ...]:
        """Outputs of its shapes."""
        run, *states = given
        return run[:, :, : len(EMOTIONS)].clone(), *(state.clone() for state in states)

    @staticmethod
    def symbolic(g: Any, *given: Any) -> Any:
        """The node."""
        made = g.op(f"{DOMAIN}::{FEEL}", *given, outputs=len(given))
        made[0].setType(given[0].type().with_sizes([None, None, len(EMOTIONS)]))
        for value, like in zip(made[1:], given[1:], strict=True):
            value.setType(like.type())
        return made


class _Placed(nn.Module):
    """A node in the place of a part."""

    def __init__(self, node: type[torch.autograd.Function], names: list[str] | None = None) -> None:
        super().__init__()
        self.node = node
        self.names = names

    def forward(self, *inputs: Tensor) -> Any:
        """As the part."""
        return self.node.apply(*inputs)  # type: ignore[no-untyped-call]


class _Step(nn.Module):
    """The step with states first, as a Scan wants it."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.step = step

    def forward(
        self,
        hidden: Tensor,
        packed: Tensor,
        emotion: Tensor,
        opening: Tensor,
        noise: Tensor,
        style: Tensor,
        temperature: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One frame."""
        frame, hidden, packed = self.step(emotion, style, opening, noise, temperature, hidden, packed)
        return hidden, packed, frame


class _Between(Between):
    """The frame between two steps, its outputs in a Scan's order."""

    def forward(self, hidden: Tensor, packed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One frame."""
        frame, hidden, packed = super().forward(hidden, packed)
        return hidden, packed, frame


def placed(network: CueNetwork) -> CueNetwork:
    """A copy that traces to one node for each part that is to be grown."""
    copy = deepcopy(network)
    copy.performance.loop = _Placed(_PerformNode)  # type: ignore[assignment]
    copy.emotion.whole = _Placed(_FeelNode, network.emotion.whole.names)  # type: ignore[assignment]
    return copy


def _graph_of(
    part: nn.Module,
    example: tuple[Tensor, ...],
    inputs: list[str],
    outputs: list[str],
    opset: int,
    around: dict[str, str],
    prefix: str,
    axes: dict[str, dict[int, str]],
) -> onnx.GraphProto:
    """A part as a graph: `prefix` before its own names, `around` says what others are called outside."""
    file: Any = io.BytesIO()  # the exporter's types know paths alone
    torch.onnx.export(
        part.eval(), example, file, dynamo=False, opset_version=opset, input_names=inputs, output_names=outputs,
        dynamic_axes=axes,
    )  # fmt: skip
    graph = onnx.load_from_string(file.getvalue()).graph

    def named(name: str) -> str:
        return around.get(name, f"{prefix}{name}") if name else name

    for node in graph.node:
        node.name = named(node.name)
        node.input[:] = [named(name) for name in node.input]
        node.output[:] = [named(name) for name in node.output]
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = named(value.name)
    kept = [value for value in graph.input if value.name not in around.values()]
    del graph.input[:]
    graph.input.extend(kept)
    del graph.value_info[:]
    graph.name = prefix.rstrip("/")
    return graph


def _scan(node: onnx.NodeProto, network: CueNetwork, opset: int) -> list[onnx.NodeProto]:
    """What goes in the place of the loop's node."""
    emotion, style, opening, noise, temperature, hidden, packed = node.input
    motion, hidden_out, packed_out = node.output
    states = network.performance.initial_state(1)
    example = (
        states["performance_hidden"], states["performance"], torch.zeros(1, len(EMOTIONS)), torch.zeros(1, 1),
        torch.zeros(1, NOISE), torch.zeros(1, len(STYLES)), torch.ones(1, 1),
    )  # fmt: skip
    names = ["hidden", "packed", "emotion", "opening", "noise", "style", "temperature"]
    around = {name: f"performance/{name}" for name in names[:5]} | {
        "style": style,
        "temperature": temperature,
    }
    outputs = ["hidden_out", "packed_out", "frame"]
    step = _graph_of(
        _Step(network.performance.loop.step), example, names, outputs, opset, around, "performance_step/", {}
    )
    between = _graph_of(
        _Between(), example[:2], names[:2], outputs, opset, around, "performance_between/", {}
    )
    body = helper.make_graph(
        [
            helper.make_node("Split", [around["packed"], "performance/sizes"],
                             ["performance/before", "performance/phase", "performance/after"], axis=1),
            helper.make_node("Less", ["performance/phase", "performance/half"], ["performance/due"]),
            helper.make_node("Squeeze", ["performance/due"], ["performance/step_now"]),
            helper.make_node("If", ["performance/step_now"], [f"performance/{name}" for name in outputs],
                             then_branch=step, else_branch=between),
        ],
        "performance",
        [helper.make_tensor_value_info(around[name], onnx.TensorProto.FLOAT, list(value.shape))
         for name, value in zip(names[:5], example, strict=False)],
        [helper.make_tensor_value_info(f"performance/{name}", onnx.TensorProto.FLOAT, [1, size])
         for name, size in zip(outputs, (HIDDEN, SIZE, MOTION_SIZE), strict=True)],
        [numpy_helper.from_array(np.array([PHASE, 1, SIZE - PHASE - 1], np.int64), "performance/sizes"),
         numpy_helper.from_array(np.array(0.5, np.float32), "performance/half")],
    )  # fmt: skip
    return [
        helper.make_node(
            "Scan", [hidden, packed, emotion, opening, noise], [hidden_out, packed_out, motion], name=node.name,
            body=body, num_scan_inputs=3, scan_input_axes=[1, 1, 1], scan_output_axes=[1],
        )
    ]  # fmt: skip


def _if(node: onnx.NodeProto, network: CueNetwork, opset: int) -> list[onnx.NodeProto]:
    """What goes in the place of the branch's node: it runs where there is a block."""
    whole = network.emotion.whole
    run, *states = node.input
    example = (torch.zeros(1, BLOCK, 2 * BINS), *whole.initial_state(1).values())
    inputs, outputs = ["run", *whole.names], ["logits", *(f"{name}_out" for name in whole.names)]
    then = _graph_of(
        whole, example, inputs, outputs, opset, dict(zip(inputs, node.input, strict=True)), "feeling/",
        {"run": {1: "block"}, "logits": {1: "block"}},
    )  # fmt: skip
    other = [
        helper.make_tensor_value_info(f"kept/{v.name}", onnx.TensorProto.FLOAT, None) for v in then.output
    ]
    nothing = numpy_helper.from_array(np.zeros((1, 0, len(EMOTIONS)), np.float32))
    same = [helper.make_node("Constant", [], [other[0].name], value=nothing)]
    same += [
        helper.make_node("Identity", [state], [value.name])
        for state, value in zip(states, other[1:], strict=True)
    ]
    for value in then.output:
        value.type.tensor_type.ClearField("shape")
    return [
        helper.make_node("Shape", [run], ["feeling/length"], start=1, end=2),
        helper.make_node("Cast", ["feeling/length"], ["feeling/any"], to=onnx.TensorProto.BOOL),
        helper.make_node(
            "If", ["feeling/any"], list(node.output), name=node.name, then_branch=then,
            else_branch=helper.make_graph(same, "kept", [], other),
        ),
    ]  # fmt: skip


def _hoist(node: onnx.NodeProto, outer: onnx.GraphProto) -> None:
    """Moves the weights of all graphs inside a node to the outer one, where packing finds them."""
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            outer.initializer.extend(attribute.g.initializer)
            del attribute.g.initializer[:]
            for inner in attribute.g.node:
                _hoist(inner, outer)


def grown(model: onnx.ModelProto, network: CueNetwork, opset: int) -> None:
    """Puts the parts where their nodes are, in place; their weights go to the outer graph."""
    graph = model.graph
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.domain != DOMAIN:
            nodes.append(node)
            continue
        nodes += (_scan if node.op_type == PERFORM else _if)(node, network, opset)
        _hoist(nodes[-1], graph)
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)
    standard = [known for known in model.opset_import if known.domain != DOMAIN]
    del model.opset_import[:]
    model.opset_import.extend(standard)
