"""One control: its line in the table, and what may become of a value that somebody gives it.

The words in which a value is refused are said here, for settings files, command line and wires alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["number", "whole", "switch", "choice"]
Value: TypeAlias = float | int | bool | str
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_KINDS = {"number": "a number", "whole": "a whole number"}
_SHOWN = 40
"""Characters of a wrong value that are shown."""
HUGE = 10**15
"""Whole numbers from here on are not written out: Python refuses to write those of thousands of digits."""


@dataclass(frozen=True, slots=True)
class Control:
    """One line of the table."""

    name: str
    kind: Kind
    default: Value
    meaning: str
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    """"" = a plain factor or share."""
    choices: tuple[str, ...] = ()
    even: bool = False
    """On a fader of 0..1 equal ways are equal factors, so that 1 lies where it belongs."""
    kept: bool = True
    """Whether a preset keeps it: what is pressed for a moment is not kept."""

    @property
    def span(self) -> str:
        """The range or the choices, for people."""
        if self.kind == "choice":
            return ", ".join(self.choices)
        if self.kind == "switch":
            return "true or false"
        return f"{_plain(self.low)}..{_plain(self.high)}"

    def check(self, value: object) -> Value:
        """The value as this control holds it: a number also where a whole one was given.

        Raises:
            ValueError: another type, or out of range; the message is for people.
        """
        if self.kind == "choice":
            if not isinstance(value, str) or value not in self.choices:
                raise ValueError(f"{self.name} is {shown(value)}; choose {self.span}")
            return value
        if self.kind == "switch":
            if not isinstance(value, bool):
                raise ValueError(f"{self.name} is {shown(value)}; it must be true or false")
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{self.name} is {shown(value)}; it must be {_KINDS[self.kind]}")  # noqa: TRY004  as all wrong values
        if not self.low <= value <= self.high:  # also refuses NaN
            raise ValueError(f"{self.name} is {_number(value)}; it must lie in {self.span}")
        if self.kind == "whole":
            if value != int(value):
                raise ValueError(f"{self.name} is {value:g}; it must be a whole number")
            return int(value)
        return float(value)

    def loose(self, value: object) -> Value:
        """As `check`, for senders that know no types: 0 and 1 are a switch, text may be any of it.

        Raises:
            ValueError: as `check`.
        """
        if isinstance(value, str) and self.kind != "choice":
            return self.check(self._read(value))
        if self.kind == "switch" and isinstance(value, (int, float)) and value in (0, 1):
            return bool(value)
        if self.kind == "choice" and isinstance(value, str):
            return self.check(value.strip())
        return self.check(value)

    def _read(self, text: str) -> Value:
        word = text.strip().lower()
        if self.kind == "switch":
            return True if word in _YES else False if word in _NO else text
        try:
            return int(word) if word.isascii() and word.lstrip("-").isdecimal() else float(word)
        except ValueError:
            return text

    def from_unit(self, share: object) -> Value:
        """The value at a fader's place 0..1; a switch turns in the middle, choices share the way evenly.

        Raises:
            ValueError: no number from 0 to 1.
        """
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise ValueError(f"{self.name}/unit is {shown(share)}; it must lie in 0..1")
        if self.kind == "switch":
            return share >= 0.5
        if self.kind == "choice":
            return self.choices[min(int(share * len(self.choices)), len(self.choices) - 1)]
        low, high = self.low, self.high
        value = low * (high / low) ** share if self.even else low + (high - low) * share
        value = min(max(value, low), high)
        return round(value) if self.kind == "whole" else value

    def to_unit(self, value: Value) -> float:
        """The fader's place 0..1 of a value: the other way round."""
        if self.kind == "choice":
            return (self.choices.index(str(value)) + 0.5) / len(self.choices)
        at = float(value)
        if self.kind == "switch":
            return at
        if self.even:
            return math.log(at / self.low) / math.log(self.high / self.low)
        return (at - self.low) / (self.high - self.low)


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"


def _number(value: float) -> str:
    """A number of any size, short."""
    return f"{value:g}" if isinstance(value, float) or abs(value) < HUGE else "a huge number"


def shown(value: object) -> str:
    """A wrong value, short and printable, whatever it is."""
    if isinstance(value, int) and abs(value) >= HUGE:
        return "a huge number"
    if isinstance(value, (str, int, float, bool, type(None))):
        text = repr(value if not isinstance(value, str) else value[: _SHOWN + 1])
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f"a {type(value).__name__}"
