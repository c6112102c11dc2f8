import logging
from pathlib import Path

import pytest

from bridge.address import endpoints
from bridge.door import VARIABLE
from bridge.mishaps import QUIET_S
from bridge.serve import ServeError
from bridge.serve.door import Door, Refusals, read_token

TOKEN = "-".join(("correct", "horse", "battery"))


def test_a_token_opens_and_nothing_else_does() -> None:
    door = Door(TOKEN)
    assert door.locked
    assert door.admits(f"Bearer {TOKEN}")
    assert door.admits(f"bearer  {TOKEN}")
    for wrong in (
        None,
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
    ):
        assert not door.admits(wrong), wrong


def test_without_a_token_all_of_this_machine_come_in() -> None:
    (here,) = endpoints("x", "127.0.0.1:1")
    assert Door.at(here, None).admits(None)


@pytest.mark.parametrize("host", ["0.0.0.0", "*", "192.0.2.1"])  # noqa: S104  no socket is opened
def test_beyond_loopback_a_place_needs_a_token(host: str) -> None:
    (there,) = endpoints("x", f"{host}:1")
    with pytest.raises(ServeError, match="without a token"):
        Door.at(there, None)
    assert not Door.at(there, TOKEN).admits(None)


def test_a_token_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert read_token(None) is None
    monkeypatch.setenv(VARIABLE, TOKEN)
    assert read_token(None) == TOKEN
    (tmp_path / "token").write_text(f"{TOKEN[::-1]}\n")
    assert read_token(tmp_path / "token") == TOKEN[::-1]


@pytest.mark.parametrize("text", ["", "short", "with a space in its middle", "naïve-token-of-many-letters"])
def test_a_poor_token_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(text, encoding="utf-8")
    with pytest.raises(ServeError, match="holds no token of 16"):
        read_token(tmp_path / "token")
    with pytest.raises(ServeError, match="No such file"):
        read_token(tmp_path / "gone")


def test_refusals_are_counted_and_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    refusals = Refusals("server", lambda: now[0])
    with caplog.at_level(logging.WARNING):
        for n in range(1000):
            refusals.add(f"reason {n}")
        assert [r.getMessage() for r in caplog.records] == ["server refused 1, the last because: reason 0"]
        now[0] = QUIET_S
        refusals.add("reason last")
    assert caplog.records[-1].getMessage() == "server refused 1000, the last because: reason last"
    assert len(caplog.records) == 2
    assert refusals.count == 1001
