"""OSC control with a peer of python-osc's making, through a real socket, into real frames."""

import gc
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_server import BlockingOSCUDPServer
from pythonosc.udp_client import SimpleUDPClient

from bridge.control import ControlDesk
from bridge.controls import CONTROLS, DirectionConfig
from bridge.direction import Direction
from bridge.door import VARIABLE
from bridge.frames import rest_cues
from bridge.landmarks import neutral_face
from bridge.presets import Presets
from bridge.remote import ControlError, open_control
from bridge.remote.osc import WORDS, OscControl
from bridge.remote.osc_reader import Message

NEUTRAL = neutral_face()
TOKEN = "correct-horse-battery-staple"  # noqa: S105
PLAIN = DirectionConfig(blink=False, smoothing_ms=0)


@pytest.fixture
def direction() -> Direction:
    return Direction(PLAIN, NEUTRAL)


@pytest.fixture
def desk(direction: Direction, tmp_path: Path) -> ControlDesk:
    return ControlDesk(direction, "anna", Presets(tmp_path))


@pytest.fixture
def control(desk: ControlDesk) -> Iterator[OscControl]:
    opened = open_control("osc://127.0.0.1:0", desk)
    assert isinstance(opened, OscControl)
    yield opened
    opened.close()


@contextmanager
def sending(port: int) -> Iterator[SimpleUDPClient]:
    client = SimpleUDPClient("127.0.0.1", port)
    yield client
    client._sock.close()  # older versions have no way to


@pytest.fixture
def surface(control: OscControl) -> Iterator[SimpleUDPClient]:
    with sending(control.port) as client:
        yield client


def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    ends = time.perf_counter() + seconds
    while not true():
        assert time.perf_counter() < ends
        time.sleep(0.005)


def counted(control: OscControl) -> tuple[int, int]:
    status = control.status()
    return status.taken, status.refused


def test_a_surface_moves_a_face(control: OscControl, surface: SimpleUDPClient, direction: Direction) -> None:
    landmarks = NEUTRAL.copy()
    landmarks[8, 1] -= 1.0

    def chin(n: int) -> float:
        return float(NEUTRAL[8, 1] - direction(rest_cues(n, landmarks), 1.0).landmarks[8, 1])

    assert chin(0) == pytest.approx(1.0, abs=1e-5)
    surface.send_message("/facecue/control/jaw", 2.0)
    until(lambda: counted(control) == (1, 0))
    assert [chin(n) for n in range(1, 30)][-1] == pytest.approx(2.0, abs=1e-5)
    surface.send_message("/facecue/control/target", "point")
    surface.send_message("/facecue/control/target_x", 20)
    until(lambda: counted(control) == (3, 0))
    gaze = [direction(rest_cues(n, landmarks), 1.0).gaze for n in range(30, 60)][-1]
    assert gaze[:, 0].min() > 0.2  # both eyes to the subject's left
    surface.send_message("/facecue/control/pause", True)
    until(lambda: counted(control) == (4, 0))
    for n in range(60, 80):
        out = direction(rest_cues(n, landmarks), 1.0)
    np.testing.assert_array_equal(out.landmarks, NEUTRAL)


@pytest.mark.parametrize(
    ("address", "value", "name", "becomes"),
    [
        ("mouth", 0.5, "mouth", 0.5),
        ("mouth", 1, "mouth", 1.0),
        ("mouth/unit", 0.25, "mouth", 0.5),
        ("sensitivity/unit", 1.0, "sensitivity", 4.0),
        ("anna/mouth", 0.5, "mouth", 0.5),
        ("anna/mouth/unit", 0.5, "mouth", 1.0),
        ("gate", 0, "gate", False),
        ("gate", 0.0, "gate", False),
        ("gate", False, "gate", False),
        ("gate/unit", 0.2, "gate", False),
        ("gate/toggle", 1.0, "gate", False),
        ("gate/toggle", 0.0, "gate", True),
        ("emotion", "sad", "emotion", "sad"),
        ("emotion/happy", 1.0, "emotion", "happy"),
        ("emotion/happy", 0.0, "emotion", "auto"),
        ("emotion/happy", [], "emotion", "happy"),
        ("seed", 7, "seed", 7),
        ("style/unit", 0.0, "style", "reader"),
    ],
)
def test_addresses_and_values(
    address: str, value: object, name: str, becomes: object,
    control: OscControl, surface: SimpleUDPClient, direction: Direction,
) -> None:  # fmt: skip
    surface.send_message(f"/facecue/control/{address}", value)
    surface.send_message("/facecue/control/brows", 0.0)  # the last one taken
    until(lambda: direction.config.brows == 0.0)
    assert getattr(direction.config, name) == becomes
    assert counted(control)[1] == 0


@pytest.mark.parametrize(
    ("address", "value", "says"),
    [
        ("/facecue/control/mouth", 3.0, "mouth is 3; it must lie in 0..2"),
        ("/facecue/control/mouth", float("nan"), "mouth is nan; it must lie in 0..2"),
        ("/facecue/control/mouth", "wide", "mouth is 'wide'; it must be a number"),
        ("/facecue/control/mouth", [], "mouth came without a value"),
        ("/facecue/control/mouth", [1.0, 2.0], "came with 2 arguments; one is enough"),
        ("/facecue/control/mouth/unit", 1.5, "mouth/unit is 1.5; it must lie in 0..1"),
        ("/facecue/control/moth", 1.0, "unknown control 'moth'; known: emotion"),
        ("/facecue/control/mouth/half", 1.0, "is not known; known: mouth/unit"),
        ("/facecue/control/emotion/glad", 1.0, "emotion is 'glad'; choose auto"),
        ("/facecue/control/", 1.0, "unknown control ''"),
        ("/facecue/control", 1.0, "without a name"),
        ("/facecue/anna/mouth", 1.0, "is no control"),
        ("/facecue/control/preset/load", "gone", "no preset is called 'gone'"),
        ("/facecue/control/preset/load/../../x", 1.0, "a preset cannot be called '../../x'"),
        ("/facecue/control/preset/eat", "x", "preset is followed by one of: load, save, delete"),
        ("/facecue/control/sink/add", "null://", "sinks cannot be changed here"),
        ("/facecue/control/query", 70_000, "query takes a port"),
    ],
)
def test_what_cannot_be_is_refused_counted_and_said(
    address: str, value: object, says: str,
    control: OscControl, surface: SimpleUDPClient, direction: Direction,
) -> None:  # fmt: skip
    surface.send_message(address, value)
    until(lambda: counted(control) == (0, 1))
    assert says in control.status().detail
    assert direction.config == PLAIN


def test_a_message_to_another_face_is_left_aside(control: OscControl, surface: SimpleUDPClient) -> None:
    surface.send_message("/facecue/control/bob/mouth", 0.0)
    surface.send_message("/facecue/control/bob/preset/load", "x")
    until(lambda: "2 for others" in control.status().detail)
    assert counted(control) == (0, 0)


def test_a_bundle_is_set_at_once_and_what_is_wrong_in_it_alone_is_refused(
    control: OscControl, surface: SimpleUDPClient, direction: Direction
) -> None:
    builder = OscBundleBuilder(IMMEDIATELY)  # type: ignore[arg-type]
    for name, value in (("mouth", 0.5), ("jaw", 9.0), ("target_z", 100.0), ("mute", 1)):
        one = OscMessageBuilder(f"/facecue/control/{name}")
        one.add_arg(value)
        builder.add_content(one.build())
    seen = []
    change = direction.change
    direction.change = lambda **values: (seen.append(values), change(**values))[1]  # type: ignore[method-assign]
    surface.send(builder.build())
    until(lambda: counted(control) == (3, 1))
    until(lambda: seen)
    assert seen == [{"mouth": 0.5, "target_z": 100.0, "mute": True}]
    assert "jaw is 9; it must lie in 0..2" in control.status().detail


def test_buttons_for_presets_the_neutral_and_a_reset(
    control: OscControl, surface: SimpleUDPClient, direction: Direction
) -> None:
    surface.send_message("/facecue/control/mouth", 0.25)
    surface.send_message("/facecue/control/preset/save", "quiet one")
    surface.send_message("/facecue/control/preset/save/b2", 1.0)
    surface.send_message("/facecue/control/reset", 1)
    until(lambda: counted(control)[0] == 4)
    assert direction.config == PLAIN
    surface.send_message("/facecue/control/preset/load", "quiet one")
    until(lambda: direction.config.mouth == 0.25)
    surface.send_message("/facecue/control/mouth/reset", 1.0)
    until(lambda: direction.config.mouth == 1.0)
    surface.send_message("/facecue/control/preset/load/b2", 1.0)
    until(lambda: direction.config.mouth == 0.25)
    surface.send_message("/facecue/control/preset/delete/b2", 1.0)
    surface.send_message("/facecue/control/neutral/capture", 1.0)
    surface.send_message("/facecue/control/neutral/reset", 0.0)  # the button comes up again
    until(lambda: counted(control)[0] == 9)
    assert direction.own_neutral.held
    surface.send_message("/facecue/control/neutral/reset", 1.0)
    until(lambda: not direction.own_neutral.held)
    assert counted(control)[1] == 0


@pytest.mark.parametrize("unit", [False, True])
def test_a_query_is_answered_where_it_is_asked_for(
    unit: bool, control: OscControl, surface: SimpleUDPClient, direction: Direction
) -> None:
    direction.change(mouth=0.5, emotion="sad", seed=2**32 - 1, gate=False)
    heard: dict[str, object] = {}
    dispatcher = Dispatcher()
    dispatcher.map("/facecue/control/*", lambda address, *values: heard.update({address: values[0]}))
    with BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        surface.send_message("/facecue/control/query" + ("/unit" if unit else ""), server.server_address[1])
        until(lambda: len(heard) == len(CONTROLS))
        server.shutdown()
        thread.join()
    tail = "/unit" if unit else ""
    told = {name: heard[f"/facecue/control/{name}{tail}"] for name in CONTROLS}
    assert told["mouth"] == (0.25 if unit else 0.5)
    assert told["gate"] == 0
    if not unit:
        assert told["emotion"] == "sad"
        assert told["seed"] == pytest.approx(2**32 - 1)


def test_beyond_this_machine_only_who_brings_the_token_is_heard(
    desk: ControlDesk, direction: Direction, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(ControlError, match="nobody is heard there without a token"):
        open_control("osc://0.0.0.0:0", desk)
    monkeypatch.setenv(VARIABLE, TOKEN)
    control = open_control("osc://0.0.0.0:0", desk)
    assert isinstance(control, OscControl)
    try:
        with sending(control.port) as surface:
            for address in ("mouth", "anna/mouth", f"{TOKEN[:-1]}/mouth", f"{TOKEN}x/mouth", "", "query"):
                surface.send_message(f"/facecue/control/{address}", 0.5)
            until(lambda: counted(control) == (0, 6))
            assert direction.config == PLAIN
            assert len([r for r in caplog.records if "right token" in r.getMessage()]) == 1
            surface.send_message(f"/facecue/control/{TOKEN}/mouth", 0.5)
            surface.send_message(f"/facecue/control/{TOKEN}/anna/jaw", 0.5)
            until(lambda: counted(control) == (2, 6))
            assert (direction.config.mouth, direction.config.jaw) == (0.5, 0.5)
            for n, (address, value) in enumerate((("mouth", [0.5, 0.5]), ("mouth/x/y", 0.5), ("moth", 1.0))):
                surface.send_message(f"/facecue/control/{TOKEN}/{address}", value)
                until(lambda n=n: counted(control) == (2, 7 + n))
                assert TOKEN not in f"{control.status()} {desk.last_refusal}"
    finally:
        control.close()


@pytest.mark.slow
def test_ten_thousand_messages_leave_nothing_behind(
    control: OscControl, surface: SimpleUDPClient, direction: Direction
) -> None:
    def send(count: int) -> None:
        for n in range(count):
            surface.send_message(
                "/facecue/control/mouth" if n % 10 else "/facecue/control/moth", 0.001 * (n % 1000)
            )
            if n % 20 == 0:
                time.sleep(0.012)  # as fast as is heard

    send(500)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        send(10_000)
        time.sleep(0.3)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    taken, refused = counted(control)
    assert taken + refused > 9_000  # the system may drop some
    assert refused >= 900
    assert grown < 100_000
    assert direction.config.mouth < 1.0


def test_a_flood_of_junk_neither_ends_it_nor_keeps_the_face(
    control: OscControl, surface: SimpleUDPClient, direction: Direction
) -> None:
    done = threading.Event()

    def flood() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            while not done.is_set():
                sock.sendto(b"/facecue/control/mouth\0\0,f\0\0\xff\xff\xff\xff", ("127.0.0.1", control.port))
                sock.sendto(b"#bundle\0" + bytes(1000), ("127.0.0.1", control.port))

    frame = rest_cues(0, NEUTRAL)
    thread = threading.Thread(target=flood)
    thread.start()
    try:
        took = []
        ends = time.perf_counter() + 1.0
        while time.perf_counter() < ends:
            began = time.perf_counter()
            direction(frame, 1.0)
            took.append(time.perf_counter() - began)
            time.sleep(0.01)
    finally:
        done.set()
        thread.join()
    assert float(np.median(took)) < 0.01
    until(lambda: counted(control)[1] > 100)
    assert counted(control)[0] == 0
    until(lambda: (surface.send_message("/facecue/control/mouth", 0.5), direction.config.mouth == 0.5)[1])


@pytest.fixture(scope="module")
def deaf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OscControl]:
    """One whose thread has ended: messages are given to it by hand."""
    desk = ControlDesk(Direction(PLAIN, NEUTRAL), "anna", Presets(tmp_path_factory.mktemp("presets")))
    control = open_control("osc://127.0.0.1:0", desk)
    assert isinstance(control, OscControl)
    control._closing.set()
    control._thread.join()
    yield control
    control.close()


parts = st.sampled_from(
    [*CONTROLS, *WORDS, "unit", "toggle", "load", "capture", "anna", "bob", "", "*", "..", "happy"]
)


@given(
    st.lists(
        st.builds(
            Message,
            st.lists(parts, max_size=5).map(lambda p: "/facecue/control/" + "/".join(p)) | st.just("/x"),
            st.lists(
                st.none()
                | st.booleans()
                | st.integers(-(2**63), 2**63 - 1)
                | st.floats()
                | st.text(max_size=9),
                max_size=3,
            ).map(tuple),
        ),
        max_size=5,
    )
)
@settings(max_examples=200, deadline=None)
def test_no_message_ends_the_thread(deaf: OscControl, messages: list[Message]) -> None:
    deaf._take(messages, ("127.0.0.1", 9))
    DirectionConfig(**deaf._desk.values())  # type: ignore[arg-type]


def test_a_port_that_is_taken_and_a_wrong_uri_are_one_line(control: OscControl, desk: ControlDesk) -> None:
    for uri, says in (
        (f"osc://127.0.0.1:{control.port}", f"port {control.port} cannot be opened"),
        ("midi://127.0.0.1:1", "control does not speak 'midi'; known: osc://, zmq://"),
        ("osc://127.0.0.1:1,127.0.0.1:2", "one place for each --control"),
        ("osc://127.0.0.1:0?secret=1", "unknown option 'secret'; known: token_file"),
        ("osc", "has no scheme; write it as in osc://127.0.0.1:39550"),
    ):
        with pytest.raises(ControlError, match=says) as caught:
            open_control(uri, desk)
        assert "\n" not in str(caught.value)


def test_closing_is_quick_and_frees_the_port(desk: ControlDesk) -> None:
    control = open_control("osc://127.0.0.1:0", desk)
    assert isinstance(control, OscControl)
    began = time.perf_counter()
    control.close()
    control.close()
    assert time.perf_counter() - began < 1.0
    open_control(f"osc://127.0.0.1:{control.port}", desk).close()
