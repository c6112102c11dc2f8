import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from bridge import presets
from bridge.config import ConfigError, NeutralConfig, Saved, load_bake, load_live
from bridge.controls import CONTROLS, DirectionConfig
from bridge.presets import NAME_LIMIT, PresetError, Presets
from bridge.tokens import FOLDER_VARIABLE, config_folder

CALM = DirectionConfig(emotion="blend", blend_sad=0.4, mouth=0.7, gate=False, seed=2**32 - 1, style="reader")


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    shelf = Presets(tmp_path / "new" / "presets")
    assert shelf.names() == []
    path = shelf.save("calm one", CALM)
    assert shelf.names() == ["calm one"]
    loaded, neutral = shelf.load("calm one")
    assert neutral == NeutralConfig()
    assert DirectionConfig(**loaded) == CALM
    assert set(loaded) == {name for name, line in CONTROLS.items() if line.kept}
    assert load_live(path).direction == CALM  # a settings file like any other
    shelf.save("calm one", DirectionConfig())
    assert DirectionConfig(**shelf.load("calm one").direction) == DirectionConfig()
    shelf.save("Ärger", CALM)
    assert shelf.names() == ["calm one", "Ärger"]
    shelf.delete("calm one")
    assert shelf.names() == ["Ärger"]
    assert [p.name for p in shelf.folder.iterdir()] == ["Ärger.toml"]  # nothing is left beside


def test_what_is_pressed_for_a_moment_is_not_kept(tmp_path: Path) -> None:
    shelf = Presets(tmp_path)
    shelf.save("a", DirectionConfig(mute=True, pause=True))
    assert not {"mute", "pause"} & set(shelf.load("a").direction)


def test_what_is_saved_already_is_not_written_again(tmp_path: Path) -> None:
    presets = Presets(tmp_path)
    path = presets.save("one", DirectionConfig(mouth=1.2))
    first = path.stat()
    presets.save("one", DirectionConfig(mouth=1.2))
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    presets.save("one", DirectionConfig(mouth=1.3))
    assert (path.stat().st_ino, path.stat().st_mtime_ns) != (first.st_ino, first.st_mtime_ns)
    assert presets.load("one").direction["mouth"] == 1.3


@pytest.mark.parametrize(
    "name",
    ["", " ", "../up", "a/b", "a\\b", "a.b", ".hidden", "CON", "lpt1", "a\0b", "x" * (NAME_LIMIT + 1), " a", "---", 3],
)  # fmt: skip
def test_a_name_never_leaves_the_folder(name: object, tmp_path: Path) -> None:
    shelf = Presets(tmp_path / "presets")
    for verb in (shelf.load, shelf.delete, lambda n: shelf.save(n, CALM)):
        with pytest.raises(PresetError, match=r"a preset cannot be called .*; use 1 to 40 letters"):
            verb(name)
    assert list(tmp_path.rglob("*")) == []


def test_what_is_not_there_is_said_with_what_is(tmp_path: Path) -> None:
    shelf = Presets(tmp_path)
    with pytest.raises(PresetError, match="no preset is called 'calm'; there are: none yet"):
        shelf.load("calm")
    shelf.save("bright", CALM)
    for verb in (shelf.load, shelf.delete):
        with pytest.raises(PresetError, match="no preset is called 'calm'; there are: bright"):
            verb("calm")


def test_a_damaged_preset_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[direction]\nmouth = 7\n")
    (tmp_path / "few.toml").write_text("[direction]\nmouth = 2\n")
    with pytest.raises(ConfigError, match=r"bad\.toml: \[direction\] mouth is 7; it must lie in 0\.\.2"):
        Presets(tmp_path).load("bad")
    assert Presets(tmp_path).load("few") == Saved({"mouth": 2.0}, None)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PresetError, match="cannot be written: ") as caught:
        Presets(tmp_path / "file").save("a", CALM)
    assert "\n" not in str(caught.value)


def test_there_are_not_more_than_anybody_saves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "PRESET_LIMIT", 2)
    shelf = Presets(tmp_path)
    for name in ("a", "b", "a"):
        shelf.save(name, CALM)
    with pytest.raises(PresetError, match="there are 2 presets already; delete some"):
        shelf.save("c", CALM)


def test_a_reader_never_sees_half_a_preset(tmp_path: Path) -> None:
    shelf = Presets(tmp_path)
    shelf.save("a", CALM)
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            shelf.save("a", CALM)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(100):
            assert DirectionConfig(**shelf.load("a").direction) == CALM
    finally:
        done.set()
        writer.join()


def test_a_preset_lies_under_the_file_and_the_flags(tmp_path: Path) -> None:
    path = tmp_path / "face.toml"
    path.write_text("[direction]\nmouth = 0.5\nlids = 0.5\n")
    preset = Saved({"mouth": 2.0, "jaw": 2.0, "lids": 2.0})
    direction = load_live(path, preset=preset, lids=1.5).direction
    assert (direction.mouth, direction.jaw, direction.lids) == (0.5, 2.0, 1.5)
    assert load_bake(preset=preset).direction.mouth == 2.0


def test_the_folder_is_where_the_system_keeps_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert config_folder() == tmp_path
    assert Presets().folder == tmp_path / "presets"
    monkeypatch.delenv(FOLDER_VARIABLE)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("APPDATA", str(tmp_path / "roaming"))
    for platform, folder in {
        "linux": tmp_path / ".config" / "facecue",
        "darwin": tmp_path / "Library" / "Application Support" / "facecue",
        "win32": tmp_path / "roaming" / "facecue",
    }.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert config_folder() == folder
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert config_folder() == tmp_path / "xdg" / "facecue"
    assert os.environ.get(FOLDER_VARIABLE) is None


def an_offset() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, (68, 3)).astype(np.float32)


def test_a_captured_face_is_kept_to_the_bit(tmp_path: Path) -> None:
    shelf = Presets(tmp_path)
    path = shelf.save("anna", CALM, an_offset())
    saved = shelf.load("anna")
    assert saved.neutral is not None
    assert saved.neutral.own
    np.testing.assert_array_equal(np.array(saved.neutral.offset_cm, np.float32), an_offset())
    assert load_live(preset=saved).neutral == load_bake(path).neutral == saved.neutral
    assert load_live(path).direction == CALM
    shelf.save("anna", CALM)
    assert shelf.load("anna").neutral == NeutralConfig()
    assert load_live(path, preset=saved).neutral == NeutralConfig()  # the file says that there is none


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("own = true", "offset_cm has 0 points"),
        ("own = true\noffset_cm = [[0, 0, 0]]", "offset_cm has 1 points"),
        (f"own = true\noffset_cm = {[[0, 0]] * 68}", "some are not"),
        (f"own = true\noffset_cm = {[[0, 0, 9]] * 68}", "beyond 5.0 cm"),
        (f"own = true\noffset_cm = {[[0, 0, 0]] * 67 + ['[0, 0, nan]']}".replace("'", ""), "beyond 5.0 cm"),
        (f"offset_cm = {[[0, 0, 0]] * 68}", "none where it is false"),
        ("own = true\noffset_cm = [['a']]", "offset_cm is 'a'; it must be a number"),
        ("face = 1", "unknown key 'face'; known: own, offset_cm"),
    ],
)
def test_a_resting_face_that_is_none_is_one_line(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(f"[neutral]\n{text}\n")
    with pytest.raises(ConfigError, match=says) as caught:
        Presets(tmp_path).load("bad")
    assert str(caught.value).startswith(f"{tmp_path / 'bad.toml'}: [neutral] ")
    assert "\n" not in str(caught.value)
