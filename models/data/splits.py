"""Which recordings are for training and which for the test: the rules of the papers, the same for the same files.

* clip: within each person, emotion and intensity the last fifth of the sentences is the test. MEAD's authors keep
  its last ten neutral sentences of forty and the last six of thirty of the other emotions, which is this rule; papers
  that divide MEAD 8:2 with all speakers on both sides follow it. All views of a sentence are on one side.
* person: every fifth person, by sorted name, is the test. RAVDESS has four actors that are always the test.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.data.layouts import Recording

TEST_SHARE = 0.2
RULES = {"mead": "clip", "cremad": "person", "ravdess": "person", "grid": "clip"}
"""Corpus → the rule it is divided by if none is asked for."""
RAVDESS_TEST = ("actor20", "actor21", "actor23", "actor24")
"""RAVDESS actors that no recipe trains on: emotion of the voice is judged on them."""


def last_fifth(names: Iterable[str]) -> set[str]:
    """The last fifth, rounded, of the different names in order."""
    ordered = sorted(set(names))
    count = round(len(ordered) * TEST_SHARE)
    return set(ordered[len(ordered) - count :])


def every_fifth(names: Iterable[str]) -> set[str]:
    """A fifth, rounded down, of the different names, spread over their order."""
    ordered = sorted(set(names))
    return {
        name
        for i, name in enumerate(ordered)
        if int((i + 1) * TEST_SHARE + 1e-9) > int(i * TEST_SHARE + 1e-9)
    }


def divided(recordings: Iterable[Recording], by: str | None = None) -> list[Recording]:
    """The recordings in their order, each with its `split`; `by` is clip, person or None (`RULES`).

    Raises:
        ValueError: on another rule.
    """
    every = list(recordings)
    if by not in (None, "clip", "person"):
        raise ValueError(f"a split by {by!r} is not known: give clip or person")
    people: dict[str, set[str]] = {}
    said: dict[tuple[str, str, str | None, int], set[str]] = {}
    for r in every:
        people.setdefault(r.corpus, set()).add(r.person)
        said.setdefault((r.corpus, r.person, r.emotion, r.intensity), set()).add(r.sentence)
    strangers = {
        c: set(RAVDESS_TEST) if c == "ravdess" else every_fifth(names) for c, names in people.items()
    }
    kept = {group: last_fifth(names) for group, names in said.items()}

    def part(r: Recording) -> str:
        if (by or RULES[r.corpus]) == "person":
            test = r.person in strangers[r.corpus]
        else:
            test = r.sentence in kept[r.corpus, r.person, r.emotion, r.intensity]
        return "test" if test else "train"

    return [replace(r, split=part(r)) for r in every]
