import itertools
import math
import subprocess
import sys
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import frames
from bridge.controls import CONTROLS, DirectionConfig, assignments, control, table
from bridge.moods import EMOTIONS


def test_every_field_is_a_control_and_its_default_fits() -> None:
    assert list(CONTROLS) == [f.name for f in fields(DirectionConfig)]
    for name, line in CONTROLS.items():
        assert line.check(line.default) == getattr(DirectionConfig(), name)
        assert line.meaning
        assert line.low < line.high
        assert not line.even or line.low > 0
    assert [name for name in CONTROLS if name.startswith("blend_")] == [f"blend_{e}" for e in frames.EMOTIONS]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"mouth": 3}, r"mouth is 3; it must lie in 0\.\.2"),
        ({"mouth": math.nan}, "mouth is nan; it must lie"),
        ({"mouth": math.inf}, "mouth is inf; it must lie"),
        ({"mouth": 10**400}, "mouth is a huge number; it must lie"),
        ({"mouth": "loud"}, "mouth is 'loud'; it must be a number"),
        ({"mouth": True}, "mouth is True; it must be a number"),
        ({"mouth": [1]}, "mouth is a list; it must be a number"),
        ({"seed": 1.5}, r"seed is 1\.5; it must be a whole number"),
        ({"seed": -1}, r"seed is -1; it must lie in 0\.\.4294967295"),
        ({"gate": 1}, "gate is 1; it must be true or false"),
        ({"target": "moon"}, "target is 'moon'; choose none, camera, point, away"),
        ({"emotion": "x" * 999}, r"emotion is 'x{39}…; choose auto, angry"),
    ],
)
def test_what_cannot_be_is_refused_in_the_tables_words(values: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        DirectionConfig(**values)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 200
    ((name, value),) = values.items()
    with pytest.raises(ValueError, match=says):
        control(name).check(value)


def test_an_unknown_name_lists_the_known() -> None:
    for name in ("mouht", 3, None):
        with pytest.raises(ValueError, match=r"unknown control .*; known: emotion, mix"):
            control(name)


@given(st.sampled_from(list(CONTROLS)), st.floats(0, 1))
def test_a_faders_place_is_a_value_and_back(name: str, share: float) -> None:
    line = CONTROLS[name]
    value = line.check(line.from_unit(share))
    again = line.check(line.from_unit(line.to_unit(value)))
    assert again == (pytest.approx(value, rel=1e-9, abs=1e-6) if line.kind == "number" else value)
    if line.kind == "number":
        assert line.to_unit(value) == pytest.approx(share, abs=1e-9)


def test_a_fader_reaches_both_ends_and_one_lies_in_the_middle() -> None:
    for line in CONTROLS.values():
        first, last = line.from_unit(0), line.from_unit(1.0)
        if line.kind in ("number", "whole"):
            assert (first, last) == (line.low, line.high)
        elif line.kind == "choice":
            assert (first, last) == (line.choices[0], line.choices[-1])
        else:
            assert (first, last) == (False, True)
        for wrong in (-0.1, 1.1, math.nan, True, "0.5", None):
            with pytest.raises(ValueError, match=rf"{line.name}/unit is .*; it must lie in 0\.\.1"):
                line.from_unit(wrong)
    assert CONTROLS["mouth"].from_unit(0.5) == 1.0
    assert CONTROLS["sensitivity"].from_unit(0.5) == pytest.approx(1.0)
    places = [CONTROLS["target"].from_unit(i / 100) for i in range(101)]
    assert [key for key, _ in itertools.groupby(places)] == ["none", "camera", "point", "away"]


def test_senders_without_types_are_understood() -> None:
    assert control("gate").loose(0) is False
    assert control("gate").loose(1.0) is True
    assert control("gate").loose("off") is False
    assert control("seed").loose("7") == 7
    assert control("mouth").loose("1.5") == 1.5
    assert control("target").loose(" camera ") == "camera"
    for name, value in (("gate", 0.5), ("gate", "perhaps"), ("mouth", ""), ("mouth", "nan"), ("seed", "1.5")):
        with pytest.raises(ValueError, match=name):
            control(name).loose(value)


def test_assignments_of_the_command_line() -> None:
    assert assignments(["mouth=1.2", "target = camera", "mute=yes"]) == {
        "mouth": 1.2,
        "target": "camera",
        "mute": True,
    }
    for text, says in (
        ("mouth", "names no value"),
        ("moth=1", "unknown control 'moth'"),
        ("mouth=9", "is 9"),
    ):
        with pytest.raises(ValueError, match=says):
            assignments([text])


def test_shares_of_a_blend_sum_to_one() -> None:
    happy, neutral, sad = (EMOTIONS.index(name) for name in ("happy", "neutral", "sad"))
    assert DirectionConfig().shares is None
    assert DirectionConfig(emotion="sad").shares == tuple(float(i == sad) for i in range(8))
    half = DirectionConfig(emotion="blend", blend_happy=0.5).shares
    assert half is not None
    assert (half[happy], half[neutral]) == (0.5, 0.5)
    much = DirectionConfig(emotion="blend", blend_happy=1, blend_sad=0.6, blend_neutral=0.4).shares
    assert much is not None
    assert much[happy] == 0.5
    assert sum(much) == pytest.approx(1)
    nothing = DirectionConfig(emotion="blend").shares
    assert nothing is not None
    assert nothing[neutral] == 1.0


def test_the_table_is_plain() -> None:
    lines = {line["name"]: line for line in table()}
    assert lines["target_z"]["unit"] == "cm"
    assert lines["style"]["choices"] == ["reader", "speaker", "actor"]
    assert all(
        isinstance(value, (str, int, float, bool, list)) for line in table() for value in line.values()
    )


def test_a_config_stays_what_it_is() -> None:
    config = DirectionConfig(mouth=1)
    assert isinstance(config.mouth, float)
    assert replace(config, mouth=1.0) == config


def test_the_table_loads_no_numpy() -> None:
    code = "import sys, bridge.controls; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
