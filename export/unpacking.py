"""Weights in 8 bits back to standard operators, for any runtime; the other way is `export.packing`. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from bridge.frames import Floats

DOMAIN = "com.microsoft"
BLOCK = 32
"""Weights that share a scale."""
MIDDLE = 128
"""The byte that stands for nought."""

Bytes = NDArray[np.uint8]


def every_node(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """All nodes, those of graphs inside nodes too."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from every_node(attribute.g)


def dequantised(data: Bytes, scale: Floats, inward: int) -> Floats:
    """The way back: (K, N)."""
    outward = data.shape[0]
    by_block = (data.astype(np.float32) - MIDDLE) * scale.reshape(outward, -1, 1)
    return np.ascontiguousarray(by_block.reshape(outward, -1)[:, :inward].T)


def drop_unused(graph: onnx.GraphProto) -> None:
    """Removes casts of weights, and weights, that nobody reads any more."""
    stored = {weight.name for weight in graph.initializer}
    read = {name for node in every_node(graph) for name in node.input}
    nodes = [
        n
        for n in graph.node
        if not (n.op_type == "Cast" and n.input[0] in stored and n.output[0] not in read)
    ]
    del graph.node[:]
    graph.node.extend(nodes)
    read = {name for node in every_node(graph) for name in node.input}
    weights = [weight for weight in graph.initializer if weight.name in read]
    del graph.initializer[:]
    graph.initializer.extend(weights)


def unpack(model: onnx.ModelProto) -> int:
    """Makes a packed network one of standard operators, in place; how many products there were."""
    graph = model.graph
    stored = {weight.name: weight for weight in graph.initializer}
    unpacked = 0
    for node in every_node(graph):
        if node.op_type != "MatMulNBits":
            continue
        data, scale = (numpy_helper.to_array(stored[name]) for name in node.input[1:3])
        inward = next(int(a.i) for a in node.attribute if a.name == "K")
        weight = f"{node.output[0]}.weight"
        graph.initializer.append(numpy_helper.from_array(dequantised(data, scale, inward), weight))
        node.CopyFrom(helper.make_node("MatMul", [node.input[0], weight], list(node.output), name=node.name))
        unpacked += 1
    drop_unused(graph)
    standard = [opset for opset in model.opset_import if opset.domain != DOMAIN]
    del model.opset_import[:]
    model.opset_import.extend(standard)
    return unpacked
