"""A shipped network as graphs of one frame: no branches, no loops, every shape known, nothing but standard operators.

A shipped network takes runs of any length, so its graph works out lengths as it goes, and what happens now and then
is an If. An engine wants neither. Here a run is one frame, and its two Ifs become:

* the emotion branch, which hears four frames at once every fourth frame: a graph of its own (`feeling`), that whoever
  runs it runs before the main one on frames 3, 7, 11, …; its last answer is an input of the main one. Frames that wait
  for their block, and how many there are, need no state any more.
* eyes and head, which take a step every other frame: the step is always taken, and `Where` keeps it or what was.

All that follows from shapes is worked out by `export.folding`.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bridge.contract import NOISE, OUTPUT_SHAPES, STATE_IN, STATE_OUT, Contract
from bridge.features import BINS
from bridge.frames import EMOTIONS, STYLES, Floats
from export.folding import folded
from export.unpacking import unpack

BLOCK = 4
"""Frames that the emotion branch hears at once."""
ANSWERS = len(EMOTIONS) + 1
FEEL, PERFORM = "/network/emotion/whole/Feel", "/network/performance/loop/Perform"
"""Names of the two Ifs, as `export.subgraphs` makes them."""
ANSWER = "answers"
"""What the emotion branch says of its last frame: (1, 1, ANSWERS) logits."""
RUN = "block"
"""What it hears: (1, BLOCK, 2·BINS)."""
HELD = ("feeling_waiting", "feeling_count", "feeling_last")
"""States that the frame's own number stands for, once a run is a frame."""
INPUT_SHAPES: dict[str, tuple[int, ...]] = {
    "mel": (1, 2, BINS), "emotion_request": (1, len(EMOTIONS)), "emotion_mix": (1, 1), "intensity": (1, 1),
    "style": (1, len(STYLES)), "temperature": (1, 1), "noise": (1, 1, NOISE), ANSWER: (1, 1, ANSWERS),
}  # fmt: skip
"""What the main graph is given besides its states."""


class ShapeError(ValueError):
    """A network that is not made as the shipped ones are."""


class Steps:
    """The two graphs, and what the emotion branch says before it has heard anything: (1, 1, ANSWERS)."""

    def __init__(self, main: onnx.ModelProto, feeling: onnx.ModelProto, begin: Floats) -> None:
        self.main, self.feeling, self.begin = main, feeling, begin


def one_step(model: onnx.ModelProto, contract: Contract) -> Steps:
    """The graphs of one frame of a shipped network, which is used up.

    Raises:
        ShapeError: if the network is not built as `python -m export` builds them.
    """
    unpack(model)
    graph = model.graph
    feel, perform = (_only(graph, name) for name in (FEEL, PERFORM))
    branch = _branch(feel)
    feeling_states = [name for name in contract.states if f"{STATE_OUT}{name}" in feel.output]
    made = dict(zip(feel.output, (value.name for value in branch.output), strict=True))
    feeling = _feeling(graph, feel, branch, made, feeling_states, contract)
    begin = _begin(graph, feel)
    nodes = _main_nodes(graph, feel, perform)
    states = [name for name in contract.states if name not in (*feeling_states, *HELD)]
    main = folded(
        nodes, graph.initializer,
        INPUT_SHAPES | {STATE_IN + name: tuple(contract.states[name]) for name in states},
        {name: (1, 1, *shape) for name, shape in OUTPUT_SHAPES.items()}
        | {STATE_OUT + name: tuple(contract.states[name]) for name in states},
        contract.name,
    )  # fmt: skip
    return Steps(main, feeling, begin)


def _only(graph: onnx.GraphProto, name: str) -> onnx.NodeProto:
    found: list[onnx.NodeProto] = [node for node in graph.node if node.name == name and node.op_type == "If"]
    if len(found) != 1:
        raise ShapeError(
            f"it has {len(found)} branches named {name}, not one: export it again with this version"
        )
    return found[0]


def _branch(node: onnx.NodeProto) -> onnx.GraphProto:
    """What happens where something happens."""
    branch: onnx.GraphProto = next(a.g for a in node.attribute if a.name == "then_branch")
    return branch


def _by(nodes: Iterable[onnx.NodeProto], output: str) -> onnx.NodeProto:
    """The node that gives `output`."""
    for node in nodes:
        if output in node.output:
            return node
    raise ShapeError(f"nothing gives {output}: export it again with this version")


def _reader(nodes: Iterable[onnx.NodeProto], name: str, kind: str) -> onnx.NodeProto:
    """The one node of a kind that reads `name`."""
    found: list[onnx.NodeProto] = [node for node in nodes if name in node.input and node.op_type == kind]
    if len(found) != 1:
        raise ShapeError(f"{len(found)} {kind} read {name}, not one: export it again with this version")
    return found[0]


def _copy(node: onnx.NodeProto, **renamed: str) -> onnx.NodeProto:
    copy: onnx.NodeProto = onnx.NodeProto.FromString(node.SerializeToString())
    copy.input[:] = [renamed.get(name, name) for name in copy.input]
    copy.output[:] = [renamed.get(name, name) for name in copy.output]
    return copy


def _begin(graph: onnx.GraphProto, feel: onnx.NodeProto) -> Floats:
    """What the branch says of silence: what is added to the last answer."""
    joined = _reader(graph.node, feel.output[0], "Concat")
    added = _by(graph.node, joined.input[0])
    constant = next(name for name in added.input if name != f"{STATE_IN}feeling_last")
    stored = {weight.name: weight for weight in graph.initializer}
    value = stored[constant] if constant in stored else _by(graph.node, constant).attribute[0].t
    begin: Floats = numpy_helper.to_array(value).reshape(1, 1, ANSWERS).astype(np.float32)
    return begin


def _feeling(
    graph: onnx.GraphProto,
    feel: onnx.NodeProto,
    branch: onnx.GraphProto,
    made: dict[str, str],
    states: list[str],
    contract: Contract,
) -> onnx.ModelProto:
    """The emotion branch: a block and its states → its last answer and its states."""
    # the branch hears what a Gather cut out of the frames that waited and the new ones
    inner = {name for node in branch.node for name in node.input}
    heard = next(
        node.output[0] for node in graph.node
        if node.op_type == "Gather" and node.output[0] in inner and node.name.startswith("/network/emotion/")
    )  # fmt: skip
    renamed = {heard: RUN} | {name: outer for outer, name in made.items()}
    nodes = [node for node in graph.node if node.op_type != "If" and node.output[0] != heard]
    nodes += [_copy(node, **renamed) for node in branch.node]
    ends = [
        helper.make_tensor(f"{ANSWER}/{at}", TensorProto.INT64, [1], [value])
        for at, value in (("from", BLOCK - 1), ("to", BLOCK), ("axis", 1))
    ]
    nodes.append(
        helper.make_node("Slice", [feel.output[0], *(end.name for end in ends)], [ANSWER], name=f"/{ANSWER}")
    )
    return folded(
        nodes, [*graph.initializer, *ends],
        {RUN: (1, BLOCK, 2 * BINS)} | {STATE_IN + name: tuple(contract.states[name]) for name in states},
        {ANSWER: (1, 1, ANSWERS)} | {STATE_OUT + name: tuple(contract.states[name]) for name in states},
        f"{contract.name}_feeling",
    )  # fmt: skip


def _main_nodes(
    graph: onnx.GraphProto, feel: onnx.NodeProto, perform: onnx.NodeProto
) -> list[onnx.NodeProto]:
    """The nodes of a frame, in order, with the two Ifs taken out."""
    known = _reader(graph.node, feel.output[0], "Concat").output[0]
    answer = _reader(graph.node, known, "Gather").output[0]
    _, _, phase = _reader(graph.node, f"{STATE_IN}performance", "Split").output
    late = next(
        node.output[0] for node in graph.node
        if node.op_type == "Cast" and node.name.startswith("/network/performance/")
        and phase in _by(graph.node, _by(graph.node, node.input[0]).input[0]).input
    )  # fmt: skip
    shown = _reader(graph.node, _reader(graph.node, perform.output[0], "Concat").output[0], "MatMul").output[
        0
    ]
    halves = [node.output[0] for node in graph.node if node.op_type == "Gather" and shown in node.input]
    sums = next(node for node in graph.node if node.op_type == "Add" and set(node.input) == set(halves))
    motion = _reader(graph.node, sums.output[0], "Mul").output[0]
    hidden, after = f"{STATE_OUT}performance_hidden", f"{STATE_OUT}performance"
    taken = {motion: "/step/motion", hidden: "/step/hidden", after: "/step/after"}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.name == feel.name or node.output[0] in (answer, known):
            continue
        if node.output[0] == late:
            nodes.append(_constant(late, np.int64(0)))  # the graph of a frame that takes a step
            nodes.append(_constant("/step/half", np.float32(0.5)))
            nodes.append(
                helper.make_node("Greater", [phase, "/step/half"], ["/step/late"], name="/step/Greater")
            )
        elif node.name == perform.name:
            names = dict(zip((v.name for v in _branch(perform).output), perform.output, strict=True)) | taken
            names = {inner: taken.get(outer, outer) for inner, outer in names.items()}
            nodes += _walked([_copy(inner, **names) for inner in _branch(perform).node])
        else:
            copy = _copy(node)
            copy.output[:] = [taken.get(name, name) for name in copy.output]
            nodes.append(copy)
        if node.output[0] == motion:  # a frame between two steps shows all of the last one
            nodes += [
                _constant("/step/first", np.array([0])), _constant("/step/second", np.array([1])),
                helper.make_node("Slice", [shown, "/step/first", "/step/second", "/step/second"], ["/step/whole"]),
                helper.make_node("Where", ["/step/late", "/step/whole", "/step/motion"], [motion]),
            ]  # fmt: skip
        if node.output[0] == after:
            nodes += [
                _constant("/step/kept", np.array([[1.0] * (_size(graph, after) - 1) + [0.0]], np.float32)),
                helper.make_node("Mul", [f"{STATE_IN}performance", "/step/kept"], ["/step/before"]),
                helper.make_node("Where", ["/step/late", "/step/before", "/step/after"], [after]),
                helper.make_node("Where", ["/step/late", f"{STATE_IN}performance_hidden", "/step/hidden"], [hidden]),
            ]  # fmt: skip
    for node in nodes:
        node.input[:] = [ANSWER if name == answer else name for name in node.input]
    return nodes


def _size(graph: onnx.GraphProto, state: str) -> int:
    """The last axis of a state."""
    value = next(v for v in graph.input if v.name == state.replace(STATE_OUT, STATE_IN))
    return int(value.type.tensor_type.shape.dim[-1].dim_value)


def _constant(name: str, value: np.ndarray | np.generic) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(value)))


def _walked(nodes: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """A Scan over one step becomes the step."""
    out: list[onnx.NodeProto] = []
    for node in nodes:
        if node.op_type != "Scan":
            out.append(node)
            continue
        body = next(a.g for a in node.attribute if a.name == "body")
        held = len(node.output) - 1  # pose and hidden, and then the poses of all steps
        at = f"{body.name}/axis"
        out.append(_constant(at, np.array([1])))
        for i, (value, given) in enumerate(zip(body.input, node.input, strict=True)):
            kind, more = ("Identity", []) if i < held else ("Squeeze", [at])
            out.append(helper.make_node(kind, [given, *more], [value.name], name=f"{value.name}/in"))
        out += [_copy(inner) for inner in body.node]
        for i, (value, wanted) in enumerate(zip(body.output, node.output, strict=True)):
            kind, more = ("Identity", []) if i < held else ("Unsqueeze", [at])
            out.append(helper.make_node(kind, [value.name, *more], [wanted], name=f"{value.name}/out"))
    return out
