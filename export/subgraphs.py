"""What has a shape of its own in ONNX: frame by frame as a Scan, now and then as an If.

The exporter would unroll a loop, or freeze its length, and would run what need not run. So the network is traced
with one node in the place of each such part (`placed`); the part is exported by itself, and its graph becomes the
body of a Scan or the branch of an If that takes the node's place (`grown`). A part may hold another one.
"""

from __future__ import annotations

import io
from copy import deepcopy
from typing import Any

import onnx
import torch
from onnx import helper
from torch import Tensor, nn

from bridge.contract import NOISE
from bridge.features import BINS
from bridge.frames import EMOTIONS, STYLES
from export.unpacking import every_node as every_node
from models.cell import HIDDEN
from models.cue_network import CueNetwork
from models.emotion import ANSWERS, BLOCK
from models.stride import DRAWN, LOOK, POSE, Ahead

DOMAIN = "facecue"
PERFORM, WALK, FEEL = "Perform", "Walk", "Feel"


class _PerformNode(torch.autograd.Function):
    """`models.performance.Loop` as one node; while it is traced, only shapes matter."""

    @staticmethod
    def forward(_: Any, *given: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs of the loop's shapes."""
        return given[2].repeat(1, 1, POSE), given[-1].clone()

    @staticmethod
    def symbolic(g: Any, *given: Any) -> Any:
        """The node."""
        return _poses(g, PERFORM, given, given[-1])


class _WalkNode(torch.autograd.Function):
    """`models.stride.Walk` as one node."""

    @staticmethod
    def forward(_: Any, *given: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs of its shapes."""
        return given[-1][:, :, :1].repeat(1, 1, POSE), given[1].clone()

    @staticmethod
    def symbolic(g: Any, *given: Any) -> Any:
        """The node."""
        return _poses(g, WALK, given, given[1])


def _poses(g: Any, kind: str, given: tuple[Any, ...], hidden: Any) -> Any:
    """A node that gives poses and hidden."""
    made = g.op(f"{DOMAIN}::{kind}", *given, outputs=2)
    made[0].setType(hidden.type().with_sizes([None, None, POSE]))
    made[1].setType(hidden.type())
    return made


class _FeelNode(torch.autograd.Function):
    """`models.emotion.Whole` as one node."""

    @staticmethod
    def forward(_: Any, *given: Tensor) -> tuple[Tensor, ...]:
        """Outputs of its shapes."""
        run, *states = given
        return run[:, :, :ANSWERS].clone(), *(state.clone() for state in states)

    @staticmethod
    def symbolic(g: Any, *given: Any) -> Any:
        """The node."""
        made = g.op(f"{DOMAIN}::{FEEL}", *given, outputs=len(given))
        made[0].setType(given[0].type().with_sizes([None, None, ANSWERS]))
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


class _PlacedWalk(nn.Module):
    """The walk's node; the stride is a graph of its own."""

    def forward(self, _stride: Any, *inputs: Tensor) -> Any:
        """As the walk."""
        return _WalkNode.apply(*inputs)  # type: ignore[no-untyped-call]


class _Stride(nn.Module):
    """The stride in a Scan's order, its pose once to remember and once to tell."""

    def __init__(self, stride: nn.Module) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, pose: Tensor, hidden: Tensor, *given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One step."""
        pose, hidden = self.stride(pose, hidden, *given)
        return pose, hidden, pose + 0.0


def placed(network: CueNetwork) -> CueNetwork:
    """A copy that traces to one node for each part that is to be grown."""
    copy = deepcopy(network)
    copy.performance.loop = _Placed(_PerformNode)  # type: ignore[assignment]
    copy.emotion.whole = _Placed(_FeelNode, network.emotion.whole.names)  # type: ignore[assignment]
    copy.emotion.whole.begin = network.emotion.whole.begin
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
    holds = any(isinstance(module, _PlacedWalk) for module in part.modules())
    file: Any = io.BytesIO()  # the exporter's types know paths alone
    torch.onnx.export(
        part.eval(), example, file, dynamo=False, opset_version=opset, input_names=inputs, output_names=outputs,
        dynamic_axes=axes, custom_opsets={DOMAIN: 1} if holds else None,
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
    """What goes in the place of the walk's node."""
    pose, hidden, sharpness, *ahead = node.input
    sizes = (2 * HIDDEN, HIDDEN, 1, 1, DRAWN, DRAWN - LOOK)
    example = (
        torch.zeros(1, POSE),
        torch.zeros(1, HIDDEN),
        *(torch.zeros(1, n) for n in sizes),
        torch.ones(1, 1),
    )
    with torch.no_grad():
        stride = _Stride(network.performance.loop.step.stride())
    body = _graph_of(
        stride, example, ["pose", "hidden", *Ahead._fields, "sharpness"], ["pose_out", "hidden_out", "shown"], opset,
        {"sharpness": sharpness}, "stride/", {},
    )  # fmt: skip
    poses, hidden_out = node.output
    count = len(ahead)
    return [
        helper.make_node(
            "Scan", [pose, hidden, *ahead], [f"{poses}/last", hidden_out, poses], name=node.name, body=body,
            num_scan_inputs=count, scan_input_axes=[1] * count, scan_output_axes=[1],
        )
    ]  # fmt: skip


def _perform(node: onnx.NodeProto, network: CueNetwork, opset: int) -> list[onnx.NodeProto]:
    """What goes in the place of the loop's node."""
    loop = deepcopy(network.performance.loop)
    loop.walk = _PlacedWalk()  # type: ignore[assignment]
    inputs = ["emotion", "style", "opening", "before", "stress", "noise", "temperature", "pose", "hidden"]
    widths = [len(EMOTIONS), len(STYLES), 1, 1, 1, NOISE, 1, POSE, HIDDEN]
    runs = {"emotion", "opening", "before", "stress", "noise"}
    example = tuple(
        torch.zeros(1, *([2] if name in runs else []), width)
        for name, width in zip(inputs, widths, strict=True)
    )
    then = _graph_of(
        loop, example, inputs, ["poses", "hidden_out"], opset, dict(zip(inputs, node.input, strict=True)),
        "performance/", {name: {1: "steps"} for name in (*runs, "poses")},
    )  # fmt: skip
    _replace(then, network, opset)
    return _if(node, node.input[2], then, [node.input[-1]], POSE)


def _feel(node: onnx.NodeProto, network: CueNetwork, opset: int) -> list[onnx.NodeProto]:
    """What goes in the place of the emotion branch's node."""
    whole = network.emotion.whole
    example = (torch.zeros(1, BLOCK, 2 * BINS), *whole.initial_state(1).values())
    inputs, outputs = ["run", *whole.names], ["logits", *(f"{name}_out" for name in whole.names)]
    then = _graph_of(
        whole, example, inputs, outputs, opset, dict(zip(inputs, node.input, strict=True)), "feeling/",
        {"run": {1: "block"}, "logits": {1: "block"}},
    )  # fmt: skip
    return _if(node, node.input[0], then, list(node.input[1:]), ANSWERS)


def _if(
    node: onnx.NodeProto, run: str, then: onnx.GraphProto, states: list[str], width: int
) -> list[onnx.NodeProto]:
    """`then` where `run` (1, N, …) is not empty; else nothing (1, 0, width), and states as they were."""
    at = then.name
    other = [
        helper.make_tensor_value_info(f"{at}/kept/{v.name}", onnx.TensorProto.FLOAT, None)
        for v in then.output
    ]
    nothing = helper.make_tensor("", onnx.TensorProto.FLOAT, [1, 0, width], [])
    same = [helper.make_node("Constant", [], [other[0].name], value=nothing)]
    same += [
        helper.make_node("Identity", [state], [value.name])
        for state, value in zip(states, other[1:], strict=True)
    ]
    for value in then.output:
        value.type.tensor_type.ClearField("shape")
    return [
        helper.make_node("Shape", [run], [f"{at}/length"], start=1, end=2),
        helper.make_node("Cast", [f"{at}/length"], [f"{at}/any"], to=onnx.TensorProto.BOOL),
        helper.make_node(
            "If", [f"{at}/any"], list(node.output), name=node.name, then_branch=then,
            else_branch=helper.make_graph(same, f"{at}/kept", [], other),
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


def _replace(graph: onnx.GraphProto, network: CueNetwork, opset: int) -> None:
    """Puts parts where their nodes are, in place."""
    grow = {PERFORM: _perform, WALK: _scan, FEEL: _feel}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        nodes += grow[node.op_type](node, network, opset) if node.domain == DOMAIN else [node]
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)


def grown(model: onnx.ModelProto, network: CueNetwork, opset: int) -> None:
    """Puts the parts where their nodes are, in place; their weights go to the outer graph."""
    graph = model.graph
    _replace(graph, network, opset)
    for node in graph.node:
        _hoist(node, graph)
    standard = [known for known in model.opset_import if known.domain != DOMAIN]
    del model.opset_import[:]
    model.opset_import.extend(standard)
