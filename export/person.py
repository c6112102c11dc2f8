"""A trained translator as a person's network: `python -m export.person FOLDER`, a folder of `models.training.renderer`.

Writes `person.onnx` there: uint8 pictures in and out, normalisation folded, large weights in 16 bits.
"""

from __future__ import annotations

import argparse
import io
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bridge.portrait.person import KEY, NETWORK, PersonContract, read_person_contract
from models.renderer.translator import Translator, TranslatorConfig

SMALLEST_PACKED = 1024
"""Weights with at least this many values are stored in 16 bits."""
INPUTS = ("drawing", "reference", "reference_drawing")
OPSET = 17
MOST_OFF = 2
"""Steps of 255 that a pixel may differ from what torch makes."""


class ParityError(ValueError):
    """The file says something else than the network."""


class Bytes(nn.Module):
    """Three pictures (1, 256, 256, 3) uint8 → one."""

    def __init__(self, translator: Translator) -> None:
        super().__init__()
        self.translator = translator

    def forward(self, drawing: Tensor, reference: Tensor, reference_drawing: Tensor) -> Tensor:  # noqa: D102
        given = torch.cat([drawing, reference, reference_drawing], dim=3).permute(0, 3, 1, 2).float() / 255.0
        made = self.translator(given).clamp(0, 1)
        picture: Tensor = (made * 255.0 + 0.5).to(torch.uint8).permute(0, 2, 3, 1)
        return picture


def export(translator: Translator, contract: PersonContract, out: Path) -> float:
    """Writes the file, beside and renamed; returns the largest difference from torch in steps of 255.

    Raises:
        ParityError: if that is more than `MOST_OFF`.
    """
    import onnx
    import onnxruntime
    from onnx import helper, numpy_helper

    translator.eval()
    with torch.no_grad():
        for weight in translator.parameters():
            if weight.numel() >= SMALLEST_PACKED:
                weight.copy_(weight.half().float())
    network = Bytes(translator).eval()
    size = contract.size
    rng = np.random.default_rng(0)
    given = {name: rng.integers(0, 256, (1, size, size, 3)).astype(np.uint8) for name in INPUTS}
    held: Any = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces the old exporter's retirement at every call
        torch.onnx.export(
            network, tuple(torch.from_numpy(given[name]) for name in INPUTS), held, dynamo=False,
            opset_version=OPSET, input_names=list(INPUTS), output_names=["picture"],
        )  # fmt: skip
    model = onnx.load_from_string(held.getvalue())
    for weight in list(model.graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size >= SMALLEST_PACKED:
            name = weight.name
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.16"))
            model.graph.node.insert(
                0, helper.make_node("Cast", [f"{name}.16"], [name], to=onnx.TensorProto.FLOAT)
            )
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, contract.to_json()
    onnx.checker.check_model(model)
    data = model.SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    made = session.run(None, given)[0].astype(int)
    with torch.no_grad():
        wanted = network(*(torch.from_numpy(given[name]) for name in INPUTS)).numpy().astype(int)
    off = float(np.abs(made - wanted).max())
    if off > MOST_OFF:
        raise ParityError(f"{out}: a pixel differs by {off:.0f} of 255 from torch; {MOST_OFF} are allowed")
    beside = out.with_name(f"{out.name}.part")
    beside.write_bytes(data)
    beside.replace(out)
    return off


def read_translator(path: Path) -> Translator:
    """A network of `models.training.renderer`.

    Raises:
        ValueError: if the file holds none.
    """
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        config = saved["config"]
        model = Translator(TranslatorConfig(tuple(config["widths"]), config["attention"]))
        model.load_state_dict(saved["state"])
    except (OSError, KeyError, RuntimeError, pickle.UnpicklingError) as error:
        raise ValueError(f"{path} holds no translator ({str(error).splitlines()[0]:.120})") from None
    return model


def main() -> int:
    """Exports one person."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    try:
        facts = folder / "person.json"
        contract = read_person_contract(facts.read_text("utf-8"), str(facts))
        off = export(read_translator(folder / "translator.pt"), contract, folder / NETWORK)
    except (OSError, ValueError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    size = (folder / NETWORK).stat().st_size / 1e6
    print(f"{folder / NETWORK}: {size:.2f} MB, opset {OPSET}, {off:.0f} of 255 from torch at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
