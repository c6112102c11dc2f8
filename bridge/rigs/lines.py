"""Where in a table something stands: TOML readers give no line numbers, and a complaint without one is no help."""

from __future__ import annotations

import re


class Lines:
    """The lines of a table's text, comments left out."""

    def __init__(self, text: str) -> None:
        self._lines = [line.partition("#")[0] for line in text.split("\n")]

    def __len__(self) -> int:
        return len(self._lines)

    def of(self, *path: str) -> int:
        """Number of the line where the last word of `path` stands that can be found; 1 if none can.

        A path leads inwards: ("curves", "Jaw", "unless", "mouthClose"), or ("title",).
        """
        if len(path) < 2 or path[0] not in ("curves", "bones"):
            start, end, words = 0, len(self._lines), path
        else:
            start, end = self._section(path[0], path[1])
            words = path[2:]
        for word in words:
            start = self._with(word, start, end)
        return start + 1

    def _section(self, kind: str, name: str) -> tuple[int, int]:
        """First line of what is written for a curve or bone, and the line after its last."""
        quoted = rf"[\"']?{re.escape(name)}[\"']?"
        header = re.compile(rf"\s*\[\s*{kind}\s*\.\s*{quoted}\s*[.\]]")
        for number, line in enumerate(self._lines):
            if header.match(line):
                later = range(number + 1, len(self._lines))
                ours = header.match
                return number, next(
                    (
                        i
                        for i in later
                        if re.match(r"\s*\[\s*\w", self._lines[i]) and not ours(self._lines[i])
                    ),
                    len(self._lines),
                )
        row = re.compile(rf"\s*(?:{kind}\s*\.\s*)?{quoted}\s*[.=]")
        for number, line in enumerate(self._lines):
            if row.match(line):
                return number, len(self._lines)
        return self._with(kind, 0, len(self._lines)), len(self._lines)

    def _with(self, word: str, start: int, end: int) -> int:
        """The first line of start..end that holds the word; `start` if none does."""
        pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
        return next((i for i in range(start, end) if pattern.search(self._lines[i])), start)
