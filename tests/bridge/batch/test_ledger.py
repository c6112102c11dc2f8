"""What was baked is remembered, whatever ends the program."""

from pathlib import Path

import pytest

from bridge.batch.findings import Findings
from bridge.batch.ledger import NAME, Entry, Ledger


def entry(take: str, settings: str = "s") -> Entry:
    findings = Findings(1.0, -3.0, None, 4.0, 0.5, "sad", "00", "", "", ("noisy",))
    return Entry(take, "sound", settings, {"npz": 7}, findings)


def test_what_is_added_is_read_back(tmp_path: Path) -> None:
    with Ledger(tmp_path / "out") as ledger:
        ledger.add(entry("ä/x"))
    assert Ledger(tmp_path / "out").entries == {"ä/x": entry("ä/x")}


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_torn_line_is_no_line_and_the_next_is_whole(tmp_path: Path, cut: int) -> None:
    with Ledger(tmp_path) as ledger:
        for name in ("a", "b"):
            ledger.add(entry(name))
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes()[:-cut])
    with Ledger(tmp_path) as ledger:
        ledger.add(entry("c"))
    read = Ledger(tmp_path).entries
    assert set(read) - {"b"} == {"a", "c"}
    assert path.read_bytes().count(b"\n") == len(read)


def test_the_last_line_of_a_take_counts_and_the_others_go(tmp_path: Path) -> None:
    for settings in ("old", "new"):
        with Ledger(tmp_path) as ledger:
            ledger.add(entry("a", settings))
    with Ledger(tmp_path) as ledger:
        assert ledger.entries["a"].settings == "new"
        ledger.add(entry("b"))
    assert (tmp_path / NAME).read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("line", [b"{}", b"[1]", b"null", b'{"v":0,"take":"a"}', b"\xff\xfe", b"x"])
def test_what_is_no_line_of_ours_is_passed_over(tmp_path: Path, line: bytes) -> None:
    (tmp_path / NAME).write_bytes(line + b"\n")
    assert Ledger(tmp_path).entries == {}
