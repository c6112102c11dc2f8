from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from bridge.tokens import FOLDER_VARIABLE, TokenError, config_folder, forget, read_private, write_private

posix = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.token"
    assert read_private(path) is None
    write_private(path, "first")
    write_private(path, "second")
    assert read_private(path) == "second"
    assert [p.name for p in path.parent.iterdir()] == ["b.token"]
    forget(path)
    forget(path)
    assert read_private(path) is None


@posix
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "b.token"
    before = os.umask(0)
    try:
        write_private(path, "secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@posix
def test_one_that_others_may_read_is_closed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "b.token"
    path.write_text("secret")
    path.chmod(0o644)
    assert read_private(path) == "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "could be read by others" in caplog.text


@pytest.mark.parametrize(
    ("data", "why"), [(b"x" * 5000, "more than 4096 bytes"), (b"a\xff", "not ASCII at byte 1")]
)
def test_what_is_no_secret_is_one_line(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "b.token"
    path.write_bytes(data)
    with pytest.raises(TokenError, match=why):
        read_private(path)


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TokenError, match="make its folder writable"):
        write_private(tmp_path / "file" / "b.token", "x")
    (tmp_path / "taken").mkdir()
    with pytest.raises(TokenError):
        write_private(tmp_path / "taken", "x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "taken"]  # nothing half-written stays


@pytest.mark.parametrize(
    ("platform", "variables", "ends"),
    [
        ("win32", {"APPDATA": "/roaming"}, "/roaming/facecue"),
        ("darwin", {}, "Library/Application Support/facecue"),
        ("linux", {"XDG_CONFIG_HOME": "/xdg"}, "/xdg/facecue"),
        ("linux", {"XDG_CONFIG_HOME": "relative"}, ".config/facecue"),
        ("linux", {}, ".config/facecue"),
        ("linux", {FOLDER_VARIABLE: "/mine"}, "/mine"),
    ],
)
def test_the_folder_is_the_systems(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], ends: str
) -> None:
    for name in ("APPDATA", "XDG_CONFIG_HOME", FOLDER_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert config_folder().as_posix().endswith(ends)
