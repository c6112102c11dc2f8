"""The VTube Studio sink against a server written from the API's documentation, which pyvts can use as well."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bridge.frames import ARKIT_INDEX, RigFrame
from bridge.sinks import SinkError, open_sink
from bridge.sinks.vts_parameters import HEAD, OWN

pytest.importorskip("websockets", reason="the vts extra is not installed: pip install websockets")

from websockets.asyncio.server import Server, ServerConnection, serve

from bridge.sinks import vts_discovery, vts_link, vts_session
from bridge.sinks.vts import VtsSink

OTHERS = "Another Plugin"
FREE = ("APIStateRequest", "AuthenticationTokenRequest", "AuthenticationRequest")
GARBAGE = (
    "",
    "{",
    "[]",
    "null",
    '"x"',
    "[" * 50_000,
    '{"apiName": "VTubeStudioPublicAPI"}',
    "\0\x1b[31m",
    "9" * 9999,
)


class VTubeStudio:
    """What the documentation says VTube Studio does with the requests that facecue makes."""

    def __init__(self) -> None:
        self.user = "allows"  # or "refuses", "thinks"
        self.asked = 0
        self.tokens: dict[str, str] = {}  # token → plugin
        self.own = {*OWN} - {"VoiceSilence"}
        self.custom: dict[str, tuple[str, dict[str, Any]]] = {}  # name → (plugin, as it was made)
        self.driven_by_others: set[str] = set()
        self.injected: list[tuple[float, dict[str, float]]] = []
        self.mood = "well"  # or "off", "silent", "babbles", "shouts"
        self.connections = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server: Server | None = None
        self.start()

    # its life

    def start(self) -> None:
        async def serving() -> Server:
            return await serve(self._talk, "127.0.0.1", self.port)

        self._server = asyncio.run_coroutine_threadsafe(serving(), self._loop).result(5)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        if self._server is not None:
            self._loop.call_soon_threadsafe(self._server.close)
            asyncio.run_coroutine_threadsafe(self._server.wait_closed(), self._loop).result(5)
            self._server = None

    def end(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # its talk

    async def _talk(self, line: ServerConnection) -> None:
        self.connections += 1
        session: dict[str, str] = {}
        async for text in line:
            if self.mood == "silent":
                continue
            if self.mood == "babbles":
                for nonsense in GARBAGE:
                    await line.send(nonsense)
            if self.mood == "shouts":
                await line.send("x" * (2 << 20))
            message = json.loads(text)
            assert message["apiName"] == "VTubeStudioPublicAPI"
            assert message["apiVersion"] == "1.0"
            assert 1 <= len(message["requestID"]) <= 64
            kind = message["messageType"]
            if kind == "AuthenticationTokenRequest":
                self.asked += 1
                while self.user == "thinks":
                    await asyncio.sleep(0.01)
            answer = self._answer(kind, message.get("data") or {}, session)
            error = isinstance(answer, tuple)
            data = {"errorID": answer[0], "message": answer[1]} if error else answer
            await line.send(
                json.dumps(
                    {
                        "apiName": "VTubeStudioPublicAPI",
                        "apiVersion": "1.0",
                        "timestamp": 1625405710728,
                        "requestID": message["requestID"],
                        "messageType": "APIError" if error else kind.replace("Request", "Response"),
                        "data": data,
                    }
                )
            )

    def _answer(
        self, kind: str, data: dict[str, Any], session: dict[str, str]
    ) -> dict[str, Any] | tuple[int, str]:
        if self.mood == "off":
            return 1, "The user has deactivated API access."
        if kind not in FREE and session.get("token") not in self.tokens:
            return (
                (50, "User has denied API access for your plugin.") if session else (8, "Not authenticated.")
            )
        if kind not in FREE:
            return getattr(self, f"_{kind}")(data, session["plugin"])
        if kind == "APIStateRequest":
            return {
                "active": True,
                "vTubeStudioVersion": "1.30.0",
                "currentSessionAuthenticated": bool(session),
            }
        if not (3 <= len(data["pluginName"]) <= 32 and 3 <= len(data["pluginDeveloper"]) <= 32):
            return 52, "Plugin name invalid."
        if kind == "AuthenticationTokenRequest":
            if self.user == "refuses":
                return 50, "User has denied API access for your plugin."
            token = f"token-{self.asked}-abcd"
            self.tokens[token] = data["pluginName"]
            return {"authenticationToken": token}
        good = self.tokens.get(data["authenticationToken"]) == data["pluginName"]
        if good:
            session |= {"token": data["authenticationToken"], "plugin": data["pluginName"]}
        return {"authenticated": good, "reason": "Token valid." if good else "Token invalid."}

    def _InputParameterListRequest(self, data: dict[str, Any], plugin: str) -> dict[str, Any]:  # noqa: N802
        def listed(name: str, maker: str) -> dict[str, Any]:
            return {"name": name, "addedBy": maker, "value": 0, "min": 0, "max": 1, "defaultValue": 0}

        return {
            "modelLoaded": True,
            "customParameters": [listed(name, maker) for name, (maker, _) in self.custom.items()],
            "defaultParameters": [listed(name, "VTube Studio") for name in self.own],
        }

    def _ParameterCreationRequest(  # noqa: N802
        self, data: dict[str, Any], plugin: str
    ) -> dict[str, Any] | tuple[int, str]:
        name = data["parameterName"]
        if not (4 <= len(name) <= 32 and name.isascii() and name.isalnum()):
            return 350, "Name invalid."
        if not -1e6 <= data["min"] < data["max"] <= 1e6 or len(data["explanation"]) > 255:
            return 351, "Values invalid."
        if name in self.own:
            return 354, "Default parameter name not allowed."
        if name in self.custom and self.custom[name][0] != plugin:
            return 352, "Created by another plugin."
        if sum(maker == plugin for maker, _ in self.custom.values()) >= 100:
            return 355, "Limit exceeded."
        self.custom[name] = plugin, data
        return {"parameterName": name}

    def _InjectParameterDataRequest(  # noqa: N802
        self, data: dict[str, Any], plugin: str
    ) -> dict[str, Any] | tuple[int, str]:
        values = {entry["id"]: entry["value"] for entry in data["parameterValues"]}
        if not values:
            return 450, "No data provided."
        for name, value in values.items():
            if name not in self.own and name not in self.custom:
                return 453, f"Parameter {name} not found."
            if not isinstance(value, (int, float)) or not -1e6 <= value <= 1e6:
                return 451, "Value invalid."
            if name in self.driven_by_others:
                return 454, "Controlled by another plugin."
        assert data["faceFound"] is True
        self.injected.append((time.perf_counter(), values))
        return {}

    def revoke(self) -> None:
        """As the documentation says: tokens and all that was created with them are gone."""
        plugins = set(self.tokens.values())
        self.tokens = {}
        self.custom = {name: made for name, made in self.custom.items() if made[0] not in plugins}

    @property
    def whole(self) -> list[tuple[float, dict[str, float]]]:
        """Injections of more than one parameter: those of frames."""
        return [entry for entry in list(self.injected) if len(entry[1]) > 1]


@pytest.fixture
def studio() -> Iterator[VTubeStudio]:
    made = VTubeStudio()
    yield made
    made.end()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FACECUE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setattr(vts_link, "BACK_OFF_S", (0.05, 0.2))
    monkeypatch.setattr(vts_session, "ASK_AGAIN_S", 0.05)
    monkeypatch.setattr(vts_session, "SLICE_S", 0.02)


@pytest.fixture
def opened(studio: VTubeStudio) -> Iterator[Callable[..., VtsSink]]:
    sinks: list[VtsSink] = []

    def start(query: str = "") -> VtsSink:
        sink = open_sink(f"vts://127.0.0.1:{studio.port}{query}")
        assert isinstance(sink, VtsSink)
        sinks.append(sink)
        return sink

    yield start
    for sink in sinks:
        sink.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "facecue-vts"]


def until(done: Callable[[], object], sink: VtsSink, frame: RigFrame | None = None) -> None:
    """Waits, and sends frames 50 times a second if one is given."""
    end = time.perf_counter() + 10
    while not done():
        assert time.perf_counter() < end, sink.status()
        if frame is not None:
            sink.send(frame)
        time.sleep(0.02)


def tokens(folder: Path) -> list[Path]:
    return sorted((folder / "vtube-studio").glob("*.token"))


def test_frames_arrive_with_everything_that_models_listen_to(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame
) -> None:
    sink = opened()
    until(lambda: len(studio.whole) > 5, sink, frame)
    _, values = studio.whole[-1]
    assert set(HEAD) < set(values)
    assert values["JawOpen"] == pytest.approx(frame.weights[ARKIT_INDEX["jawOpen"]], abs=1e-4)
    assert values["FaceCueHappy"] == pytest.approx(frame.cues.emotion[4], abs=1e-4)
    assert set(studio.custom) == set(values) - OWN
    assert len(studio.custom) <= 100
    assert studio.custom["MouthPucker"][1]["min"] == -1
    assert studio.custom["JawOpen"][1]["defaultValue"] == 0
    status = sink.status()
    assert status.detail == f"127.0.0.1:{studio.port} takes {len(values)} parameters"
    assert status.errors == 0
    assert status.sent >= 5


def test_only_what_vtube_studio_has(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame
) -> None:
    sink = opened("?created=0")
    until(lambda: studio.whole, sink, frame)
    assert set(studio.whole[-1][1]) <= studio.own
    assert studio.custom == {}


def test_the_token_is_asked_for_once(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame, tmp_path: Path
) -> None:
    studio.user = "thinks"
    sink = opened()
    until(lambda: "waiting for you to allow facecue in VTube Studio" in sink.status().detail, sink, frame)
    assert tokens(tmp_path) == []
    studio.user = "allows"
    until(lambda: studio.whole, sink, frame)
    (kept,) = tokens(tmp_path)
    assert kept.read_text() == "token-1-abcd\n"
    if os.name == "posix":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    sink.close()
    studio.injected.clear()
    again = opened()
    until(lambda: studio.whole, again, frame)
    assert studio.asked == 1


def test_a_user_who_says_no_is_not_asked_again(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame, tmp_path: Path
) -> None:
    studio.user = "refuses"
    sink = opened()
    until(
        lambda: "you refused facecue in VTube Studio; start facecue again" in sink.status().detail,
        sink,
        frame,
    )
    for _ in range(30):
        sink.send(frame)
        time.sleep(0.01)
    assert studio.asked == 1
    assert tokens(tmp_path) == []
    assert sink.status().sent == 0
    assert sink.status().dropped >= 29


def test_a_permission_that_is_taken_back_is_asked_for_anew(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame, tmp_path: Path
) -> None:
    sink = opened()
    until(lambda: studio.whole, sink, frame)
    studio.revoke()
    until(lambda: studio.asked == 2, sink, frame)
    studio.injected.clear()
    until(lambda: studio.whole, sink, frame)
    assert "JawOpen" in studio.whole[-1][1]  # created again
    assert tokens(tmp_path)[0].read_text() == "token-2-abcd\n"


def test_values_come_again_while_frames_pause(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame
) -> None:
    sink = opened()
    until(lambda: studio.whole, sink, frame)
    time.sleep(0.2)
    studio.injected.clear()
    time.sleep(2.2)
    times = [at for at, _ in studio.whole]
    assert len(times) >= 3
    assert np.diff(times).max() < 0.9
    assert len({tuple(values.items()) for _, values in studio.whole}) == 1


def test_a_receiver_that_dies_and_comes_back(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame
) -> None:
    sink = opened()
    until(lambda: studio.whole, sink, frame)
    studio.stop()
    until(lambda: "does not answer" in sink.status().detail, sink, frame)
    studio.injected.clear()
    studio.start()
    until(lambda: studio.whole, sink, frame)
    assert studio.asked == 1
    assert sink.status().errors >= 1


def test_a_receiver_that_comes_late(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame
) -> None:
    studio.stop()
    sink = opened()
    until(lambda: "is it running, and its plugin API on?" in sink.status().detail, sink, frame)
    studio.start()
    until(lambda: studio.whole, sink, frame)


def test_plugins_switched_off_are_said(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame
) -> None:
    studio.mood = "off"
    sink = opened()
    until(lambda: "lets no plugins in: switch on its plugin API" in sink.status().detail, sink, frame)
    studio.mood = "well"
    until(lambda: studio.whole, sink, frame)


def test_a_parameter_that_is_not_there_is_left_out(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vts_link, "SIFT_S", 0.05)
    studio.own.remove("FaceAngry")  # an older version; not listed, so never sent
    sink = opened()
    until(lambda: studio.whole, sink, frame)
    assert "left out FaceAngry" in sink.status().detail
    assert sink.status().errors == 0
    studio.custom.pop("MouthShrug")  # the user deletes it while it is driven
    studio.injected.clear()
    until(lambda: studio.whole, sink, frame)
    assert "MouthShrug" not in studio.whole[-1][1]
    assert "MouthShrug" in sink.status().detail
    assert sink.status().errors >= 1


def test_a_parameter_that_another_plugin_drives(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vts_link, "SIFT_S", 0.05)
    monkeypatch.setattr(vts_link, "RETRY_S", 0.3)
    studio.driven_by_others = {"MouthOpen", "EyeOpenLeft"}
    studio.custom["JawOpen"] = OTHERS, {}
    sink = opened()
    until(lambda: studio.whole, sink, frame)
    assert "MouthOpen" not in studio.whole[-1][1]
    assert "JawOpen" in studio.whole[-1][1]  # who made a parameter does not own it
    until(lambda: "another plugin drives" in sink.status().detail, sink, frame)
    studio.driven_by_others = set()
    until(lambda: "MouthOpen" in studio.whole[-1][1], sink, frame)
    assert "another plugin" not in sink.status().detail


def test_nonsense_between_answers_is_counted(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame
) -> None:
    studio.mood = "babbles"
    sink = opened()
    until(lambda: len(studio.whole) > 3, sink, frame)
    sink.close()
    assert sink.status().errors > len(GARBAGE)


def test_an_answer_that_is_too_long_ends_the_connection_only(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame
) -> None:
    studio.mood = "shouts"
    sink = opened()
    until(lambda: studio.connections > 1, sink, frame)
    studio.mood = "well"
    until(lambda: studio.whole, sink, frame)


def test_a_receiver_that_falls_silent(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vts_session, "PATIENCE_S", 0.3)
    sink = opened()
    until(lambda: studio.whole, sink, frame)
    studio.mood = "silent"
    until(lambda: "no answer for 0.3 s" in sink.status().detail, sink, frame)
    studio.injected.clear()
    studio.mood = "well"
    until(lambda: studio.whole, sink, frame)


@pytest.mark.parametrize("mood", ["well", "silent", "off"])
def test_sending_never_waits(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame, mood: str
) -> None:
    studio.mood = mood
    sink = opened()
    took = []
    for _ in range(200):
        before = time.perf_counter()
        sink.send(frame)
        took.append(time.perf_counter() - before)
        time.sleep(0.002)
    assert np.median(took) < 0.001
    assert max(took) < 0.1
    status = sink.status()
    assert status.sent + status.dropped <= 200
    if mood == "well":
        until(lambda: studio.whole, sink, frame)
    else:
        assert status.dropped >= 199


def test_at_most_sixty_a_second(studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame) -> None:
    sink = opened()
    until(lambda: studio.whole, sink, frame)
    studio.injected.clear()
    end = time.perf_counter() + 1.0
    while time.perf_counter() < end:
        sink.send(frame)
        time.sleep(0.002)
    assert 20 < len(studio.whole) < 70


def test_the_last_frame_is_sent_before_the_end(
    studio: VTubeStudio, opened: Callable[..., VtsSink], frame: RigFrame
) -> None:
    sink = opened()
    until(lambda: studio.whole, sink, frame)
    weights = frame.weights.copy()
    weights[ARKIT_INDEX["jawOpen"]] = 0.123
    sink.send(RigFrame(frame.cues, weights, 0.0))
    sink.close()
    assert studio.whole[-1][1]["JawOpen"] == pytest.approx(0.123)
    sink.close()
    dropped = sink.status().dropped
    sink.send(frame)
    assert sink.status().dropped == dropped + 1


def test_two_receivers(studio: VTubeStudio, frame: RigFrame) -> None:
    second = VTubeStudio()
    sink = open_sink(f"vts://127.0.0.1:{studio.port},127.0.0.1:{second.port}")
    assert isinstance(sink, VtsSink)
    try:
        until(lambda: studio.whole and second.whole, sink, frame)
    finally:
        sink.close()
        second.end()


def announce(port: int, stop: threading.Event, to: int) -> None:
    text = json.dumps(
        {
            "apiName": "VTubeStudioPublicAPI",
            "apiVersion": "1.0",
            "timestamp": 1630159656406,
            "messageType": "VTubeStudioAPIStateBroadcast",
            "requestID": "VTubeStudioAPIStateBroadcast",
            "data": {"active": True, "port": port, "instanceID": "93aa", "windowTitle": "VTube Studio"},
        }
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        while not stop.wait(0.05):
            sock.sendto(b"\xff{", ("127.0.0.1", to))
            sock.sendto(text.encode(), ("127.0.0.1", to))


def test_a_vtube_studio_that_announces_itself_is_found(
    studio: VTubeStudio, frame: RigFrame, monkeypatch: pytest.MonkeyPatch, absent_port: int
) -> None:
    monkeypatch.setattr(vts_discovery, "PORT", absent_port)
    stop = threading.Event()
    thread = threading.Thread(target=announce, args=(studio.port, stop, absent_port))
    thread.start()
    sink = open_sink("vts://")
    assert isinstance(sink, VtsSink)
    try:
        until(lambda: studio.whole, sink, frame)
    finally:
        stop.set()
        thread.join()
        sink.close()


def test_one_elsewhere_is_found_only_when_asked(monkeypatch: pytest.MonkeyPatch, absent_port: int) -> None:
    monkeypatch.setattr(vts_discovery, "PORT", absent_port)
    monkeypatch.setattr(vts_discovery, "LISTEN_S", 0.5)
    monkeypatch.setattr(vts_discovery, "_is_ours", lambda _: False)
    stop = threading.Event()
    thread = threading.Thread(target=announce, args=(8123, stop, absent_port))
    thread.start()
    try:
        assert vts_discovery.find(elsewhere=False, goes_on=lambda: None) is None
        assert vts_discovery.find(elsewhere=True, goes_on=lambda: None) == ("127.0.0.1", 8123)
    finally:
        stop.set()
        thread.join()


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="no rig 'nobody'"):
        open_sink("vts://127.0.0.1?rig=nobody")
    with pytest.raises(SinkError, match="public is for vts:// alone"):
        open_sink("vts://127.0.0.1?public=1")
    with pytest.raises(SinkError, match="unknown option 'colour'"):
        open_sink("vts://127.0.0.1?colour=red")
    table = tmp_path / "mine.toml"
    table.write_text('[curves]\n"Jaw Open" = "jawOpen"\n')
    with pytest.raises(SinkError, match="takes no parameter called 'Jaw Open'"):
        open_sink(f"vts://127.0.0.1?rig={table}")
    table.write_text("[curves]\n" + "".join(f'Curve{i} = "jawOpen"\n' for i in range(101)))
    with pytest.raises(SinkError, match="101 parameters would have to be created"):
        open_sink(f"vts://127.0.0.1?rig={table}")


def test_without_websockets_the_package_is_named() -> None:
    code = (
        "import sys; sys.modules['websockets'] = None\n"
        "from bridge.sinks import SinkError, open_sink\n"
        "try: open_sink('vts://')\n"
        "except SinkError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "vts:// needs the package websockets" in done.stdout


@pytest.fixture
def pyvts() -> Iterator[ModuleType]:
    if importlib.util.find_spec("pyvts") is None:
        pytest.skip("pyvts is not installed: pip install --no-deps pyvts aiofiles")
    stand_in = importlib.util.find_spec("cv2") is None
    if stand_in:  # OpenCV only reads a plugin's icon there
        sys.modules["cv2"] = ModuleType("cv2")
    import pyvts as module

    yield module
    if stand_in:
        del sys.modules["cv2"]


def test_pyvts_takes_the_server_for_vtube_studio(
    studio: VTubeStudio, pyvts: ModuleType, tmp_path: Path
) -> None:
    async def plug_in() -> list[dict[str, Any]]:
        info = {
            "plugin_name": "a plugin",
            "developer": "somebody",
            "authentication_token_path": str(tmp_path / "pyvts.txt"),
        }
        api = {"version": "1.0", "name": "VTubeStudioPublicAPI", "host": "127.0.0.1", "port": studio.port}
        plugin = pyvts.vts(plugin_info=info, vts_api_info=api)
        await plugin.connect()
        await plugin.request_authenticate_token()
        assert await plugin.request_authenticate()
        asks = plugin.vts_request
        answers = [
            await plugin.request(asks.requestCustomParameter("MyNewParam", 0, 10, 5)),
            await plugin.request(asks.requestTrackingParameterList()),
            await plugin.request(asks.requestSetParameterValue("MyNewParam", 7, face_found=True)),
            await plugin.request(asks.requestSetParameterValue("NobodyMadeThis", 7, face_found=True)),
        ]
        await plugin.close()
        return answers

    made, listed, injected, refused = asyncio.run(plug_in())
    assert made["data"]["parameterName"] == "MyNewParam"
    assert "MyNewParam" in [entry["name"] for entry in listed["data"]["customParameters"]]
    assert injected["messageType"] == "InjectParameterDataResponse"
    assert (refused["messageType"], refused["data"]["errorID"]) == ("APIError", 453)
    assert studio.injected[-1][1] == {"MyNewParam": 7}
