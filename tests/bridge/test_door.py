import logging
from pathlib import Path

import pytest

from bridge.address import UriError, endpoints
from bridge.door import BURST, RATE_PER_S, VARIABLE, Door, token_for
from bridge.mishaps import QUIET_S

TOKEN = "correct-horse.battery_staple~1"  # noqa: S105
HERE = endpoints("osc://", "127.0.0.1:39550")
EVERYWHERE = endpoints("osc://", "0.0.0.0:39550")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_on_this_machine_nobody_needs_a_token_unless_a_file_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)
    assert token_for("osc://", {}, HERE) is None
    (tmp_path / "token").write_text(TOKEN + "\n")
    assert token_for("osc://", {"token_file": str(tmp_path / "token")}, HERE) == TOKEN
    assert token_for("osc://", {}, EVERYWHERE) == TOKEN


@pytest.mark.parametrize(
    "token", ["", "short", "fifteen-letters", "with a space in it", "slash/slash/slash", "é" * 20, "x" * 256]
)
def test_a_place_that_others_reach_needs_a_token_that_is_one(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, token)
    says = "can be reached from other machines" if not token else "holds no token of 16 to 255"
    with pytest.raises(UriError, match=says) as caught:
        token_for("osc://0.0.0.0:39550", {}, EVERYWHERE)
    assert not token or token not in str(caught.value)
    (tmp_path / "token").write_text(token, encoding="utf-8")
    with pytest.raises(UriError, match="holds no token"):
        token_for("osc://0.0.0.0", {"token_file": str(tmp_path / "token")}, EVERYWHERE)
    with pytest.raises(UriError, match="gone: No such file"):
        token_for("osc://0.0.0.0", {"token_file": str(tmp_path / "gone")}, EVERYWHERE)


def test_only_the_whole_token_is_admitted_and_the_others_are_logged_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    clock = Clock()
    door = Door("osc://x", TOKEN, clock)
    assert door.locked
    assert door.admits(TOKEN)
    for wrong in ("", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), None, 3, b"x", "\ud800"):
        assert not door.admits(wrong)
    assert len(caplog.records) == 1
    clock.now += QUIET_S - 1
    assert not door.admits("wrong")
    assert len(caplog.records) == 1
    clock.now += 2
    assert not door.admits("wrong")
    assert [r.getMessage() for r in caplog.records][1] == "osc://x: 9 without the right token"
    assert TOKEN not in caplog.text
    assert Door("osc://x", None, clock).admits(None)


def test_so_many_a_second_are_heard() -> None:
    clock = Clock()
    door = Door("osc://x", None, clock)
    assert sum(door.in_time() for _ in range(3000)) == BURST
    clock.now += 0.1
    assert sum(door.in_time() for _ in range(3000)) == pytest.approx(RATE_PER_S * 0.1, abs=1)
    clock.now += 3600
    assert sum(door.in_time() for _ in range(3000)) == BURST
