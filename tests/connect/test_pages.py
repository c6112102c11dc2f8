"""The pages about other programs: one shape, commands that work, links that lead somewhere."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from bridge.sinks import open_sink

CONNECT = Path(__file__).resolve().parents[2] / "docs" / "connect"
PAGES = sorted(path.stem for path in CONNECT.glob("*.md") if path.stem != "README")


def text_of(page: str) -> str:
    return (CONNECT / f"{page}.md").read_text(encoding="utf-8")


def sinks_in(text: str) -> list[str]:
    """The sinks of every command on a page; a command without one is a mistake."""
    commands = re.findall(r"facecue (?:live|demo) [^`\n]+", text)
    uris = []
    for command in commands:
        words = shlex.split(command, comments=True)
        found = [uri for option, uri in pairwise(words) if option == "--sink"]
        assert found or "--mix" in words, command
        uris += found
    return uris


@pytest.mark.parametrize("page", [*PAGES, "README"])
def test_every_sink_that_is_shown_opens(page: str) -> None:
    uris = sinks_in(text_of(page))
    if page == "README":
        uris += re.findall(r"^\|.*?\| `(\w+://[^`]+)`", text_of(page), re.MULTILINE)
    assert len(uris) >= 2 or page == "audio2face"
    for uri in uris:
        if not uri.startswith("vts://"):  # needs its extra, and looks for the program
            open_sink(uri).close()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_the_same_shape(page: str) -> None:
    text = text_of(page)
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[0] == "Ten minutes to a moving avatar"
    assert headings[1] == "If it does not move"
    assert headings[-1] == "What was checked"
    _, steps, trouble, *_, checked = re.split(r"^## .+$", text, flags=re.MULTILINE)
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", steps, re.MULTILINE)]
    assert numbers[:3] == [1, 2, 3]
    assert numbers == list(range(1, len(numbers) + 1))
    assert "pip install" in re.findall(r"^1\. .*(?:\n   .*)*", steps, re.MULTILINE)[0]
    assert trouble.count("\n| ") >= 5
    assert re.search(r"at hand|not with|not against|not run|not tried", checked)


def test_the_index_names_every_page() -> None:
    text = text_of("README")
    assert set(re.findall(r"\]\((\w+)\.md", text)) == set(PAGES)


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, "README"])
def test_links_and_files_are_there(page: str) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]+)(?:#([\w-]+))?\)", text_of(page)):
        path = CONNECT / target
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), f"{target}#{anchor}"
    root = CONNECT.parents[1]
    for named in re.findall(r"`(docs/connect/[\w./-]+)`", text_of(page)):
        assert (root / named).exists(), named
