"""What Unity's Inference Engine reads of ONNX: an explicit list, and the complaint about everything else.

Taken from "Supported ONNX operators" and "Supported models" of the manual of com.unity.ai.inference 2.2
(`SOURCE`), checked against what the importer of that version does with a node. 2.3 and later read more.

What is an integer of 64 bits or a truth value in ONNX is an integer of 32 bits there, clamped; a cast of a float to a
truth value cuts its fraction off, where ONNX asks whether it is nought. So a constant must fit 32 bits, and such
casts are refused.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

SOURCE = "https://docs.unity3d.com/Packages/com.unity.ai.inference@2.2/manual/supported-operators.html"
"""The page of the list; `supported-models.html` beside it has the rest."""
OPSETS = range(7, 16)
"""Opsets that the manual vouches for."""
MAX_RANK = 8
UNITY = frozenset((
    "Abs", "Acos", "Acosh", "Add", "And", "ArgMax", "ArgMin", "Asin", "Asinh", "Atan", "Atanh", "AveragePool",
    "BatchNormalization", "Bernoulli", "Cast", "CastLike", "Ceil", "Celu", "Clip", "Compress", "Concat", "Constant",
    "ConstantOfShape", "Conv", "ConvTranspose", "Cos", "Cosh", "CumSum", "DepthToSpace", "Div", "Dropout", "Einsum",
    "Elu", "Equal", "Erf", "Exp", "Expand", "Flatten", "Floor", "Gather", "GatherElements", "GatherND", "Gemm",
    "GlobalAveragePool", "GlobalMaxPool", "Greater", "GreaterOrEqual", "GridSample", "HardSigmoid", "HardSwish",
    "Hardmax", "Identity", "InstanceNormalization", "IsInf", "IsNaN", "LRN", "LSTM", "LayerNormalization",
    "LeakyRelu", "Less", "LessOrEqual", "Log", "LogSoftmax", "MatMul", "Max", "MaxPool", "Mean", "Min", "Mish",
    "Mod", "Mul", "Multinomial", "Neg", "NonMaxSuppression", "NonZero", "Not", "OneHot", "Or", "PRelu", "Pad",
    "Pow", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Range", "Reciprocal",
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
    "ReduceSum", "ReduceSumSquare", "Relu", "Reshape", "Resize", "RoiAlign", "Round", "Scatter", "ScatterElements",
    "ScatterND", "Selu", "Shape", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Size", "Slice", "Softmax",
    "Softplus", "Softsign", "SpaceToDepth", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tan", "Tanh",
    "ThresholdedRelu", "Tile", "TopK", "Transpose", "Trilu", "Unsqueeze", "Upsample", "Where", "Xor",
))  # fmt: skip
"""Operators of the standard domain on BackendType.CPU."""
TYPES = {
    TensorProto.FLOAT: "float",
    TensorProto.INT32: "int32",
    TensorProto.INT64: "int64",
    TensorProto.BOOL: "bool",
}
"""Element types that become its `float` and `int`."""
_INT32 = np.iinfo(np.int32)
_OPEN_ENDED = {"Slice"}
"""Operators whose ends may lie beyond any size: they are clamped on the way and mean the same."""


def complaints(model: onnx.ModelProto) -> list[str]:
    """One line for each thing in a model that Unity does not read, none for a model that it does.

    The model must have static shapes: inputs, outputs and everything between.
    """
    found = [
        f"opset {opset.version} of {opset.domain or 'ai.onnx'}: Unity reads {OPSETS[0]} to {OPSETS[-1]} of ai.onnx"
        for opset in model.opset_import
        if opset.domain not in ("", "ai.onnx") or opset.version not in OPSETS
    ]
    found += [
        _node(node)
        for node in model.graph.node
        if node.domain not in ("", "ai.onnx") or node.op_type not in UNITY
    ]
    found += _weights(model.graph)
    if found:
        return found  # shapes and types of what is unknown cannot be told
    try:
        inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except onnx.shape_inference.InferenceError as error:
        return [f"its shapes do not fit: {' '.join(str(error).split()):.200}"]
    known = {v.name: v.type.tensor_type for v in _values(inferred.graph)}
    types = {w.name: w.data_type for w in model.graph.initializer}
    types |= {name: kind.elem_type for name, kind in known.items()}
    for node in model.graph.node:
        for name in node.output:
            found += _tensor(node, name, known.get(name)) if name else []
        to = [a.i for a in node.attribute if a.name == "to"]
        if (
            node.op_type == "Cast"
            and to == [TensorProto.BOOL]
            and types.get(node.input[0]) == TensorProto.FLOAT
        ):
            found.append(
                f"{_named(node)}: Unity cuts a float's fraction off for a bool; compare it with 0 instead"
            )
    return found


def _weights(graph: onnx.GraphProto) -> list[str]:
    """What is wrong with stored values."""
    readers: dict[str, set[str]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, set()).add(node.op_type)
    found = []
    for weight in graph.initializer:
        if weight.data_type not in TYPES:
            kind = TensorProto.DataType.Name(weight.data_type).lower()
            found.append(f"weight {weight.name}: {kind} values; Unity reads {', '.join(TYPES.values())}")
        elif weight.data_type == TensorProto.INT64 and readers.get(weight.name, set()) - _OPEN_ENDED:
            values = numpy_helper.to_array(weight)
            if values.size and not (_INT32.min <= values.min() and values.max() <= _INT32.max):
                found.append(f"weight {weight.name}: an integer beyond 32 bits, which is all Unity has")
    return found


def _values(graph: onnx.GraphProto) -> Iterator[onnx.ValueInfoProto]:
    yield from graph.input
    yield from graph.output
    yield from graph.value_info


def _named(node: onnx.NodeProto) -> str:
    return f"{node.op_type} {node.name or (node.output[0] if node.output else '')}"


def _node(node: onnx.NodeProto) -> str:
    domain = f" of {node.domain}" if node.domain else ""
    return (
        f"{_named(node)}{domain}: not among the operators that Unity's Inference Engine 2.2 reads ({SOURCE})"
    )


def _tensor(node: onnx.NodeProto, name: str, kind: onnx.TypeProto.Tensor | None) -> list[str]:
    """What is wrong with an output of a node."""
    if kind is None:
        return [f"{_named(node)}: the shape of {name} is not known before it runs"]
    if kind.elem_type not in TYPES:
        return [
            f"{_named(node)}: gives {TensorProto.DataType.Name(kind.elem_type).lower()}; "
            f"Unity reads {', '.join(TYPES.values())}"
        ]
    sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim]
    if None in sizes or not kind.HasField("shape"):
        return [f"{_named(node)}: the shape of {name} is not known before it runs"]
    if 0 in sizes:
        return [f"{_named(node)}: {name} is empty ({sizes})"]
    if len(sizes) > MAX_RANK:
        return [f"{_named(node)}: {name} has {len(sizes)} axes; Unity has {MAX_RANK}"]
    return []
