"""The commands on the pages about UDP programs are commands that work."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from bridge.sinks import open_sink

CONNECT = Path(__file__).parents[3] / "docs" / "connect"


@pytest.mark.parametrize("page", ["unreal", "vseeface", "vmagicmirror", "vrchat"])
def test_every_sink_that_is_shown_opens(page: str) -> None:
    text = (CONNECT / f"{page}.md").read_text(encoding="utf-8")
    commands = re.findall(r"facecue (?:live|demo) [^`\n]+", text)
    uris = []
    for command in commands:
        words = shlex.split(command, comments=True)
        uris += [uri for option, uri in pairwise(words) if option == "--sink"]
    assert len(uris) == len(commands) >= 2
    for uri in uris:
        open_sink(uri).close()
