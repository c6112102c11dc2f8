"""Values as they stand in a table: numbers within sane limits, and how a wrong one is shown in a message."""

from __future__ import annotations

import math

LARGEST = 1e6
"""Numbers of a table lie within ± this: sums of far larger ones would overflow."""
_SHOWN = 60
"""Longest text of a value in a message."""


def is_number(value: object) -> bool:
    """Whether it is a whole or a floating number, finite or not; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value: object) -> float:
    """A number of a table.

    Raises:
        ValueError: if it is none, not finite or beyond `LARGEST`, with what is needed.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not -math.inf < value < math.inf:
        raise ValueError("a finite number is needed")
    if not -LARGEST <= value <= LARGEST:
        raise ValueError(f"a number within ±{LARGEST:g} is needed")
    return float(value)


def shown(value: object) -> str:
    """The value in a message: one short line."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # a whole number of thousands of digits has no text
        return "a number without end"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
