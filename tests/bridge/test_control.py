import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.control import VERBS, ControlDesk, SinkRoster
from bridge.controls import CONTROLS, DirectionConfig
from bridge.direction import Direction
from bridge.landmarks import neutral_face
from bridge.presets import Presets
from bridge.sinks import SinkError
from bridge.sinks.roster import Roster

NEUTRAL = neutral_face()


class Sinks:
    """Sinks that come and go, without any."""

    def __init__(self) -> None:
        self.open = ["null://"]

    def add(self, uri: str) -> None:
        if uri.startswith("bad"):
            raise SinkError(f"{uri}: no such sink")
        if uri.startswith("bug"):
            raise ZeroDivisionError("a\nbug")
        self.open.append(uri)

    def remove(self, uri: str) -> None:
        self.open.remove(uri)

    def retarget(self, old: str, new: str) -> None:
        self.open[self.open.index(old)] = new

    def uris(self) -> Sequence[str]:
        return self.open


@pytest.fixture
def direction() -> Direction:
    return Direction(DirectionConfig(mouth=1.5), NEUTRAL)


@pytest.fixture
def desk(direction: Direction, tmp_path: Path) -> ControlDesk:
    return ControlDesk(direction, "anna", Presets(tmp_path), Sinks())


def test_values_are_set_and_told(desk: ControlDesk, direction: Direction) -> None:
    told = desk.answer({"do": "set", "values": {"jaw": "0.5", "gate": 0}, "unit": {"sensitivity": 0.5}})
    assert told == {"ok": True, "values": {"jaw": 0.5, "gate": False, "sensitivity": pytest.approx(1.0)}}
    assert direction.config.jaw == 0.5
    assert direction.config.mouth == 1.5
    got = desk.answer({"do": "get", "names": ["mouth", "gate"], "actor": "anna"})
    assert got["values"] == {"mouth": 1.5, "gate": False}
    assert got["unit"] == {"mouth": 0.75, "gate": 0.0}
    assert set(desk.answer({"do": "get"})["values"]) == set(CONTROLS)
    assert desk.answer({"do": "toggle", "name": "gate"})["values"] == {"gate": True}
    assert (desk.taken, desk.refused) == (4, 0)


def test_reset_goes_back_to_what_it_was_started_with(desk: ControlDesk, direction: Direction) -> None:
    desk.answer({"do": "set", "values": {"mouth": 0, "jaw": 0}})
    assert desk.answer({"do": "reset", "names": ["mouth"]})["values"] == {"mouth": 1.5}
    assert direction.config.jaw == 0
    desk.answer({"do": "reset"})
    assert direction.config == DirectionConfig(mouth=1.5)


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (None, "a request is a map with a key do; this is a NoneType"),
        ([1], "this is a list"),
        ({}, "do is None; choose get, set, toggle"),
        ({"do": {}}, "do is a dict; choose get"),
        ({"do": "set"}, "nothing to set; give values"),
        ({"do": "set", "values": [1]}, "values must be a map"),
        ({"do": "set", "values": {"mouth": 3}}, "mouth is 3; it must lie in 0..2"),
        ({"do": "set", "values": {"jaw": 1, "mouth": 3}}, "mouth is 3; it must lie in 0..2"),
        ({"do": "set", "unit": {"mouth": 1.5}}, "mouth/unit is 1.5; it must lie in 0..1"),
        ({"do": "set", "values": {b"mouth": 1}}, "unknown control a bytes; known: emotion"),
        ({"do": "get", "names": "mouth"}, "names must be a list"),
        ({"do": "toggle", "name": "mouth"}, "mouth is no switch"),
        ({"do": "load", "name": "../x"}, "a preset cannot be called '../x'"),
        ({"do": "load", "name": "x"}, "no preset is called 'x'"),
        ({"do": "add"}, "uri is None; it must be text"),
        ({"do": "add", "uri": "bad://"}, "bad://: no such sink"),
        ({"do": "add", "uri": "bug://"}, "that failed here: ZeroDivisionError"),
        ({"do": "get", "actor": "bob"}, "'bob' is not moved here; this is 'anna'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_changes_nothing(
    request_: object, says: str, desk: ControlDesk, direction: Direction
) -> None:
    told = desk.answer(request_)
    assert told["ok"] is False
    assert says in told["error"]
    assert "\n" not in told["error"]
    assert direction.config == DirectionConfig(mouth=1.5)
    assert (desk.taken, desk.refused, desk.last_refusal) == (0, 1, told["error"])


def test_presets_by_request(desk: ControlDesk, direction: Direction) -> None:
    assert desk.answer({"do": "save", "name": "loud"})["presets"] == ["loud"]
    desk.answer({"do": "set", "values": {"mouth": 0, "pause": True}})
    assert desk.answer({"do": "load", "name": "loud"})["values"]["mouth"] == 1.5
    assert direction.config == DirectionConfig(mouth=1.5, pause=True)
    assert desk.answer({"do": "delete", "name": "loud"})["presets"] == []
    assert desk.answer({"do": "presets"})["presets"] == []


def test_neutral_table_and_sinks_by_request(desk: ControlDesk, direction: Direction) -> None:
    assert desk.answer({"do": "capture"})["own_neutral"] is True
    assert direction.own_neutral.held
    assert desk.answer({"do": "release"})["own_neutral"] is False
    assert [line["name"] for line in desk.answer({"do": "table"})["table"]] == list(CONTROLS)
    assert isinstance(Sinks(), SinkRoster)
    assert not isinstance([], SinkRoster)
    assert desk.answer({"do": "add", "uri": "osc://127.0.0.1:9"})["sinks"] == ["null://", "osc://127.0.0.1:9"]
    assert desk.answer({"do": "remove", "uri": "null://"})["sinks"] == ["osc://127.0.0.1:9"]
    assert desk.answer({"do": "sinks"})["sinks"] == ["osc://127.0.0.1:9"]
    asked = {"do": "retarget", "old": "osc://127.0.0.1:9", "uri": "osc://127.0.0.1:10"}
    assert desk.answer(asked)["sinks"] == ["osc://127.0.0.1:10"]
    alone = ControlDesk(direction)
    assert "sinks cannot be changed here" in alone.answer({"do": "sinks"})["error"]


def test_the_roster_of_a_performance_is_one(direction: Direction) -> None:
    with closing(Roster(["null://"])) as roster:
        desk = ControlDesk(direction, sinks=roster)
        assert desk.answer({"do": "add", "uri": "osc://127.0.0.1:9"})["ok"]
        asked = {"do": "retarget", "old": "null://", "uri": "vmc://127.0.0.1:9"}
        assert desk.answer(asked)["sinks"] == ["vmc://127.0.0.1:9", "osc://127.0.0.1:9"]
        assert not desk.answer(asked)["ok"]
        assert not desk.answer({"do": "add", "uri": "gopher://x"})["ok"]
        assert [sink.uri for sink in roster] == ["vmc://127.0.0.1:9", "osc://127.0.0.1:9"]


def test_many_ask_at_once(desk: ControlDesk) -> None:
    def ask() -> None:
        for n in range(300):
            desk.answer({"do": "set", "values": {"mouth": n % 3}})

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (desk.taken, desk.refused) == (1200, 0)


words = st.sampled_from(
    [
        *VERBS,
        *CONTROLS,
        "do",
        "values",
        "unit",
        "name",
        "names",
        "uri",
        "actor",
        "anna",
        "camera",
        "\ud800",
        "",
    ]
)
plain = (
    words
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary(max_size=9)
    | st.text(max_size=9)
)
trees = st.recursive(
    plain,
    lambda t: st.lists(t, max_size=4) | st.dictionaries(words | st.integers(), t, max_size=5),
    max_leaves=15,
)


@given(st.dictionaries(words, trees, max_size=6) | trees, st.sampled_from([*VERBS]))
@settings(max_examples=120, deadline=None)
def test_nothing_that_is_sent_raises(
    tmp_path_factory: pytest.TempPathFactory, request_: object, verb: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    direction = Direction(DirectionConfig(), NEUTRAL)
    desk = ControlDesk(direction, "anna", Presets(folder), Sinks())
    if isinstance(request_, dict):
        request_ = {**request_, "do": verb, "actor": "anna"}
    told = desk.answer(request_)
    assert isinstance(told["ok"], bool)
    assert told["ok"] or (0 < len(told["error"]) <= 400 and told["error"].isprintable())
    DirectionConfig(**desk.values())  # type: ignore[arg-type]
