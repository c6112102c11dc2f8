"""A text that people write and we read: TOML, and complaints about it in one line with file and line number."""

from __future__ import annotations

import difflib
import re
import sys
from typing import Any

from bridge.rigs.lines import Lines
from bridge.rigs.literal import number, shown
from bridge.rigs.row import RigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found]


class Document:
    """The text of a table and where it comes from."""

    def __init__(self, text: str, where: str) -> None:
        self._text = text
        self._lines = Lines(text)
        self._where = where

    def fail(self, message: str, *path: str, line: int | None = None) -> RigError:
        """The error to raise about what stands at `path`."""
        text = " ".join(message.split())  # a name may hold any character
        return RigError(f"{self._where}:{line or self._lines.of(*path)}: {text}")

    def toml(self) -> dict[str, Any]:
        """What the text says.

        Raises:
            RigError: if it is not TOML.
        """
        try:
            data: dict[str, Any] = tomllib.loads(self._text)
        except RecursionError:
            raise self.fail("not TOML: nested too deeply") from None
        except ValueError as error:  # also of numbers with more digits than Python reads
            at = re.search(r"at line (\d+)", str(error))
            end = len(self._lines) if "end of document" in str(error) else 1
            raise self.fail(f"not TOML: {error}", line=int(at[1]) if at else end) from error
        return data

    def known(self, name: str, names: tuple[str, ...], what: str, *path: str) -> None:
        """Complains about a name that is none of `names`."""
        if name in names:
            return
        close = difflib.get_close_matches(name, names, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise self.fail(f"unknown {what} {shown(name)}{hint} (known: {', '.join(names)})", *path, name)

    def number(self, value: Any, what: str, *path: str) -> float:
        """The number at `path`; `what` names it in a complaint."""
        try:
            return number(value)
        except ValueError as error:
            raise self.fail(f"{what} is {shown(value)}; {error}", *path) from None
