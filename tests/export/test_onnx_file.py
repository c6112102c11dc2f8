"""Export keeps only what onnxruntime repeats; the predictor refuses what it cannot run."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnx  # noqa: E402
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from bridge.contract import KEY, NOISE, ContractError, read_contract  # noqa: E402
from bridge.frames import Steering  # noqa: E402
from bridge.predictor import Predictor  # noqa: E402
from export import onnx_file  # noqa: E402
from models.content import ContentConfig  # noqa: E402
from models.cue_network import CueConfig, CueNetwork  # noqa: E402
from models.emotion import EmotionConfig  # noqa: E402
from models.speech_encoder import EncoderConfig  # noqa: E402
from models.voice import VoiceConfig  # noqa: E402

pytestmark = pytest.mark.torch
EARS = EncoderConfig(ahead=(1, 1), past=5, feed=24)
VOICE = Steering(np.eye(8, dtype=np.float32)[5], 0.0, 1.0)


def tiny(hops: int) -> CueNetwork:
    torch.manual_seed(1)
    network = CueNetwork(
        CueConfig(
            ContentConfig(EARS, 16, (1, 2, 4), 6),
            EmotionConfig(EARS, hidden=8),
            VoiceConfig(8, dilations=(1, 2)),
            hops,
        )
    )
    face = network.expression
    for buffer in (network.content.basis, face.basis, face.gaze, face.head):
        buffer.normal_(0, 0.05)
    return network.eval()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[CueNetwork, Path]:
    network = onnx_file.rounded(tiny(6))  # what the file holds
    path = tmp_path_factory.mktemp("export") / "tiny.onnx"
    found = onnx_file.export(network, onnx_file.contract_of(network, "tiny", "noise", "MIT"), path, "plain")
    assert set(found) == {"1 a call", "7 a call", "64 a call"}
    assert max(found.values()) <= 2e-4
    return network, path


def test_a_network_that_differs_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = tiny(4)
    monkeypatch.setattr(onnx_file, "parity", lambda *_, **__: 1e-3)
    path = tmp_path / "bad.onnx"
    with pytest.raises(onnx_file.ParityError, match=r"1\.00e-03.*2e-04"):
        onnx_file.export(network, onnx_file.contract_of(network, "bad", "noise", "MIT"), path)
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.integers(0, 41), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_predictor_chunked_equals_whole(exported: tuple[CueNetwork, Path], sizes: list[int]) -> None:
    predictor = Predictor.load(exported[1])
    mel = np.random.default_rng(3).normal(0, 1, (sum(sizes), 80)).astype(np.float32)
    whole = predictor(mel, VOICE)
    predictor.reset()
    parts, at = [], 0
    for size in sizes:
        parts += predictor(mel[at : at + size], VOICE)
        at += size
    assert [c.n for c in parts] == list(range(len(whole)))
    # frame n needs hops 0 … 2n + look-ahead
    assert len(whole) == max(0, (len(mel) - 1 - 6) // 2 + 1 if len(mel) > 6 else 0)
    for a, b in zip(whole, parts, strict=True):
        assert a.time_s == b.time_s == (a.n + 0.5) / 50
        for field in ("landmarks", "gaze", "head_rotation", "head_translation", "emotion"):
            np.testing.assert_allclose(getattr(a, field), getattr(b, field), atol=1e-4)


def test_predictor_says_what_torch_says(exported: tuple[CueNetwork, Path]) -> None:
    network, path = exported
    predictor = Predictor.load(path)
    mel = np.random.default_rng(5).normal(0, 1, (61, 80)).astype(np.float32)
    got = predictor(mel, VOICE)
    from models.cue_network import neutral_request
    from models.data.windows import pairs_of

    pairs = pairs_of(torch.from_numpy(mel)[None], 6)
    drawn = np.random.default_rng(VOICE.seed).standard_normal((1, pairs.shape[1], NOISE), np.float32)
    noise = torch.from_numpy(drawn)
    with torch.no_grad():
        out, _ = network(
            pairs.reshape(1, -1, 80), *neutral_request(pairs.shape[1])[:-1], noise, network.initial_state()
        )
    np.testing.assert_allclose(np.stack([c.gaze for c in got]), out.gaze[0, 3:].numpy(), atol=1e-5)
    np.testing.assert_allclose(np.stack([c.emotion for c in got]), out.emotion[0, 3:].numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("rate_hz", 44100, r"rate_hz 44100.*needs 16000"),
        ("landmarks", "mediapipe478", r"'mediapipe478'.*'ibug68"),
        ("version", 99, r"version 99.*needs 2"),
        ("styles", ["clown"], r"'clown'.*'speaker'"),
        ("features", "mfcc", r"'mfcc'.*'log-mel"),
        ("emotions", ["joy"], r"'joy'.*'angry'"),
        ("lookahead_hops", -3, r"lookahead_hops -3"),
        ("states", {"a": [0]}, r"shapes of positive integers"),
    ],
)
def test_another_contract_is_refused_with_both_values(
    exported: tuple[CueNetwork, Path], tmp_path: Path, key: str, value: object, says: str
) -> None:
    model = onnx.load(str(exported[1]))
    contract = json.loads(model.metadata_props[0].value)
    contract[key] = value
    onnx.helper.set_model_props(model, {KEY: json.dumps(contract)})
    path = tmp_path / "other.onnx"
    onnx.save(model, str(path))
    with pytest.raises(ContractError, match=says):
        Predictor.load(path)


def test_broken_files_are_refused_in_one_line(exported: tuple[CueNetwork, Path], tmp_path: Path) -> None:
    whole = exported[1].read_bytes()
    bare = onnx.load(str(exported[1]))
    del bare.metadata_props[:]
    cases = {
        "text.onnx": b"this is not a network",
        "empty.onnx": b"",
        "short.onnx": whole[: len(whole) // 2],
        "bare.onnx": bare.SerializeToString(),
    }
    for name, data in cases.items():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(ContractError) as caught:
            Predictor.load(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(ContractError, match="no such model file"):
        Predictor.load(tmp_path / "absent.onnx")


def test_state_shapes_must_match_the_file(exported: tuple[CueNetwork, Path], tmp_path: Path) -> None:
    model = onnx.load(str(exported[1]))
    contract = json.loads(model.metadata_props[0].value)
    contract["states"]["performance"] = [1, 9]
    onnx.helper.set_model_props(model, {KEY: json.dumps(contract)})
    path = tmp_path / "shape.onnx"
    onnx.save(model, str(path))
    with pytest.raises(ContractError, match=r"performance.*\[1, 24\].*\[1, 9\]"):
        Predictor.load(path)


def altered(source: Path, path: Path, change: Callable[["onnx.GraphProto"], None]) -> Path:
    """A copy of a network with the same contract and another graph."""
    model = onnx.load(str(source))
    change(model.graph)
    onnx.save(model, str(path))
    return path


def test_a_network_that_does_not_keep_its_contract_is_refused(
    exported: tuple[CueNetwork, Path], tmp_path: Path
) -> None:
    def swap(graph: "onnx.GraphProto") -> None:
        names = {"gaze": "head_translation", "head_translation": "gaze"}
        for node in graph.node:
            node.output[:] = [names.get(name, name) for name in node.output]
        for value in graph.output:
            if value.name in names:
                value.type.tensor_type.ClearField("shape")

    def blow_up(graph: "onnx.GraphProto") -> None:
        for node in graph.node:
            node.output[:] = ["sound" if name == "voice" else name for name in node.output]
        graph.initializer.append(onnx.numpy_helper.from_array(np.float32(np.nan), "bad"))
        graph.node.append(onnx.helper.make_node("Add", ["sound", "bad"], ["voice"]))

    with pytest.raises(
        ContractError, match=r"gaze comes as float32 \(1, 1, 3\).*needs float32 \(1, 1, 2, 2\)"
    ):
        Predictor.load(altered(exported[1], tmp_path / "swapped.onnx", swap))
    with pytest.raises(ContractError, match="is not finite for silence"):
        Predictor.load(altered(exported[1], tmp_path / "nan.onnx", blow_up))


def test_absurd_states_are_refused_before_memory_is_taken(
    exported: tuple[CueNetwork, Path], tmp_path: Path
) -> None:
    shape = [2**32, 2**32]  # as 64-bit integers their product is 0
    model = onnx.load(str(exported[1]))
    contract = json.loads(model.metadata_props[0].value)
    contract["states"]["huge"] = shape
    onnx.helper.set_model_props(model, {KEY: json.dumps(contract)})
    huge = onnx.helper.make_tensor_value_info("state.huge", onnx.TensorProto.FLOAT, shape)
    model.graph.input.append(huge)
    model.graph.node.append(onnx.helper.make_node("Identity", ["state.huge"], ["next.huge"]))
    model.graph.output.append(onnx.helper.make_tensor_value_info("next.huge", onnx.TensorProto.FLOAT, shape))
    onnx.save(model, str(tmp_path / "huge.onnx"))
    with pytest.raises(ContractError, match=r"keeps 18446744\d+ state values"):
        Predictor.load(tmp_path / "huge.onnx")


@given(st.text(max_size=60) | st.none())
@settings(max_examples=80)
def test_any_metadata_text_is_a_contract_error(text: str | None) -> None:
    with pytest.raises(ContractError):
        read_contract(text, "x.onnx")


def test_predictor_refuses_features_of_another_width(exported: tuple[CueNetwork, Path]) -> None:
    with pytest.raises(ValueError, match=r"\(K, 80\).*\(4, 40\)"):
        Predictor.load(exported[1])(np.zeros((4, 40), np.float32), VOICE)
