import re
from dataclasses import fields
from pathlib import Path

import pytest

from bridge.config import BakeConfig, ConfigError, LiveConfig, ServeConfig, load_bake, load_live, load_serve
from bridge.direction import DirectionConfig


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "face.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_given_is_the_defaults() -> None:
    assert load_live() == LiveConfig()
    assert load_bake(None, emotion=None) == BakeConfig()
    assert load_serve(None, fps=None) == ServeConfig()


def test_a_server_has_a_section_of_its_own(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [live]
        lookahead = 60
        [serve]
        a2f = true
        listen = "0.0.0.0:52001"
        fps = 30
        seconds = 60
        token_file = "token"
        lookahead = "studio"
        [direction]
        emotion = "sad"
        """,
    )
    serve = load_serve(path, fps=60, listen=None, mix=0.5)
    assert serve == ServeConfig(
        a2f=True,
        listen="0.0.0.0:52001",
        fps=60,
        seconds=60.0,
        token_file="token",  # noqa: S106
        lookahead="studio",
        direction=DirectionConfig(emotion="sad", mix=0.5),
    )
    assert load_live(path).lookahead == 60


def test_flags_override_the_file_and_the_file_the_defaults(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [live]
        source = "demo://"
        sinks = ["osc://127.0.0.1:9000"]
        lookahead = 60
        control = ["osc://127.0.0.1:39550"]
        [bake]
        lookahead = "live"
        [direction]
        emotion = "happy"
        intensity = 2
        gate = false
        """,
    )
    live = load_live(path, source="mic://2", intensity=0.5, sinks=None)
    assert live.source == "mic://2"
    assert live.sinks == ("osc://127.0.0.1:9000",)
    assert live.lookahead == 60
    assert live.control == ("osc://127.0.0.1:39550",)
    assert live.direction == DirectionConfig(emotion="happy", intensity=0.5, gate=False)
    bake = load_bake(path)
    assert bake.lookahead == "live"
    assert bake.direction.intensity == 2.0
    assert isinstance(bake.direction.intensity, float)
    assert load_live(path, sinks=["null://"], lookahead="80").sinks == ("null://",)
    assert load_live(path, lookahead="80").lookahead == 80


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[direction]\nemoton = 'sad'",
            r"face\.toml: \[direction\] unknown key 'emoton'; known: emotion, mix,",
        ),
        ("[live]\nsnks = []", r"face\.toml: \[live\] unknown key 'snks'; known: source, sinks,"),
        (
            "[life]\nsource = 'mic://'",
            r"unknown section or key 'life'; sections: live, bake, serve, direction",
        ),
        ("source = 'mic://'", "unknown section or key 'source'"),
        ("live = 3", r"live must be a section; write \[live\]"),
        ("[live]\ndirection = {}", "unknown key 'direction'"),
        ("[live]\nsource = 3", "source is 3; it must be text"),
        ("[live]\nsinks = 'osc://'", r"sinks is 'osc://'; write a list"),
        ("[live]\nsinks = [1]", "sinks is 1; it must be text"),
        ("[live]\nlookahead = 1.5", "lookahead is 1.5; it must be text or a whole number"),
        ("[live]\nlookahead = 'soon'", r"lookahead is 'soon'; choose live, studio or 0\.\.5000 milliseconds"),
        ("[bake]\nlookahead = -1", "lookahead is -1; choose"),
        ("[live]\nactor = ''", "actor is empty"),
        ("[serve]\nport = 1", r"face\.toml: \[serve\] unknown key 'port'; known: a2f, listen, fps,"),
        ("[serve]\nfps = 5", r"\[serve\] fps is 5; choose 10 to 240"),
        ("[serve]\nfps = 29.97", "fps is 29.97; it must be a whole number"),
        ("[serve]\nstreams = 0", "streams is 0; choose 1 to 256"),
        ("[serve]\nseconds = nan", "seconds is nan; choose 1 to 86400"),
        ("[serve]\ncert = 'cert.pem'", "cert and key belong together"),
        ("[serve]\nlookahead = 'soon'", "lookahead is 'soon'"),
        ("[direction]\nintensity = 3.0", r"\[direction\] intensity is 3; it must lie in 0\.\.2"),
        ("[direction]\nintensity = nan", "intensity is nan"),
        ("[direction]\nintensity = true", "intensity is True; it must be a number"),
        ("[direction]\nblink = 1", "blink is 1; it must be true or false"),
        ("[direction]\nseed = 1.5", "seed is 1.5; it must be a whole number"),
        ("[direction]\nemotion = 'glad'", "emotion is 'glad'; choose auto, angry, contempt"),
        ("[direction", "is not TOML: "),
        ("\ufeff\u0000", "is not TOML: "),
    ],
)
def test_what_is_wrong_is_named_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=says) as caught:
        load_live(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_flags_that_are_wrong_name_the_command_line() -> None:
    with pytest.raises(ConfigError, match=r"command line: mix is 1\.5; it must lie in 0\.\.1"):
        load_live(mix=1.5)
    with pytest.raises(ConfigError, match="command line: unknown key 'speed'"):
        load_bake(speed=3)
    with pytest.raises(ConfigError, match="command line: lookahead is '-3'"):
        load_live(lookahead="-3")


def test_a_wrong_value_in_the_file_is_not_hidden_by_a_flag(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"face\.toml"):
        load_live(written(tmp_path, "[direction]\nmix = 7"), mix=0.5)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no-such"):
        load_live(tmp_path / "no-such.toml")
    with pytest.raises(ConfigError, match=str(tmp_path.name)):
        load_live(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"[live]\nactor = '\xe9'")
    with pytest.raises(ConfigError, match="not TOML"):
        load_live(tmp_path / "latin.toml")
    (tmp_path / "huge.toml").write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(ConfigError, match="larger than"):
        load_live(tmp_path / "huge.toml")


def test_flag_names_cannot_be_mixed_up() -> None:
    direction = {f.name for f in fields(DirectionConfig)}
    for cls in (LiveConfig, BakeConfig):
        assert not direction & {f.name for f in fields(cls)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[direction]\nemotion = " + "[" * 3000, "is not TOML: nested too deeply"),
        ("[direction]\nseed = " + "9" * 5000, "is not TOML: Exceeds the limit"),
        ("[direction]\nmouth = " + "9" * 400, "mouth is a huge number; it must lie in 0..2"),
        ("[live]\nsource = 0x" + "f" * 5000, "source is a huge number; it must be text"),
        ("[live]\nlookahead = 0x" + "f" * 5000, "lookahead is a huge number; choose live"),
        (f"[{'x' * 9000}]", "unknown section or key 'xxx"),
        (f"[live]\n{'x' * 9000} = 1", "unknown key 'xxx"),
        ("[live]\nsinks = '" + "x" * 9000 + "'", "sinks is 'xxx"),
    ],
)
def test_what_would_hurt_is_refused_in_a_short_line(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)) as caught:
        load_live(written(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1500
