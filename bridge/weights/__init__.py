"""The networks that ship: `live.onnx` and `studio.onnx` beside this file, chosen by their look-ahead."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
"""Where the shipped networks lie."""
NAMED = ("live", "studio")
"""Networks that may be asked for by name; others are reached by their look-ahead."""


class WeightsError(ValueError):
    """No shipped network is what was asked for."""


def shipped(folder: Path = FOLDER) -> dict[str, Path]:
    """Name → file of every network in `folder`, by name."""
    return {path.stem: path for path in sorted(folder.glob("*.onnx"))}


def lookahead_ms(path: Path) -> int:
    """Milliseconds of audio that the network at `path` needs after a frame's own time, by its contract.

    Raises:
        ContractError: if the file is no network of ours.
        OSError: if it cannot be read.
    """
    from bridge.predictor import Predictor

    return Predictor.load(path).contract.lookahead_ms


def choose(lookahead: str | int, folder: Path = FOLDER) -> Path:
    """The network for a look-ahead: `"live"`, `"studio"`, or milliseconds, as a number or in digits.

    A number takes the shipped network with the largest look-ahead that fits.

    Raises:
        WeightsError: if there is no such network; it lists what is shipped.
        ContractError: if a shipped file is no network of ours.
    """
    networks = shipped(folder)
    if not networks:
        raise WeightsError(f"no network lies in {folder}: install facecue again")
    if isinstance(lookahead, str) and lookahead in networks:
        return networks[lookahead]
    text = str(lookahead)
    if not text.isdecimal():
        raise WeightsError(
            f"look-ahead {text!r} is not shipped; there are {_listed(networks)}, or milliseconds"
        )
    waits = {name: lookahead_ms(path) for name, path in networks.items()}
    fitting = {name: ms for name, ms in waits.items() if ms <= int(text)}
    if not fitting:
        raise WeightsError(
            f"no network has a look-ahead of {int(text)} ms or less; there are {_listed(networks)}"
        )
    return networks[max(fitting, key=lambda name: fitting[name])]


def _listed(networks: dict[str, Path]) -> str:
    return ", ".join(f"{name} ({lookahead_ms(path)} ms)" for name, path in networks.items())
