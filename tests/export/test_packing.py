"""Weights in 8 bits: near enough, the way back is standard ONNX, and what strays is not kept."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnx  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from bridge.frames import Steering  # noqa: E402
from bridge.predictor import Predictor  # noqa: E402
from export import onnx_file, packing  # noqa: E402
from export.subgraphs import every_node  # noqa: E402
from models.content import ContentConfig  # noqa: E402
from models.cue_network import CueConfig, CueNetwork, neutral_request  # noqa: E402
from models.emotion import EmotionConfig  # noqa: E402
from models.speech_encoder import EncoderConfig  # noqa: E402
from models.voice import VoiceConfig  # noqa: E402

pytestmark = pytest.mark.torch
SHIPPED = Path(__file__).parents[2] / "bridge" / "weights" / "live.onnx"
VOICE = Steering(np.eye(8, dtype=np.float32)[5], 0.0, 1.0)


@pytest.fixture(scope="module")
def network() -> CueNetwork:
    torch.manual_seed(2)
    network = CueNetwork(
        CueConfig(
            ContentConfig(EncoderConfig(ahead=(1, 1), past=5, feed=200), 160, (1, 4), 6),
            EmotionConfig(EncoderConfig(ahead=(1, 1), past=5, feed=24), hidden=8),
            VoiceConfig(8, dilations=(1, 2)),
            6,
        )
    )
    face = network.expression
    for buffer in (network.content.basis, face.basis, face.gaze, face.head):
        buffer.normal_(0, 0.05)
    return onnx_file.rounded(network.eval())


@pytest.fixture(scope="module")
def packed(network: CueNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packing") / "small.onnx"
    found = onnx_file.export(network, onnx_file.contract_of(network, "small", "noise", "MIT"), path)
    assert 0 < found["packing"] <= packing.DRIFT
    assert [p.name for p in path.parent.iterdir()] == ["small.onnx"]
    return path


@given(st.integers(1, 70), st.integers(1, 9), st.integers(0, 99), st.sampled_from([0.0, 1e-20, 1e-3, 50.0]))
@settings(deadline=None)
def test_a_weight_comes_back_within_half_a_step(inward: int, outward: int, seed: int, size: float) -> None:
    weight = (size * np.random.default_rng(seed).normal(0, 1, (inward, outward))).astype(np.float32)
    data, scale = packing.quantised(weight)
    assert data.dtype == np.uint8
    assert data.shape == (outward, -(-inward // packing.BLOCK), packing.BLOCK)
    back = packing.dequantised(data, scale, inward)
    assert back.shape == weight.shape
    step = np.repeat(scale.T, packing.BLOCK, axis=0)[:inward]
    assert (np.abs(back - weight) <= 0.5001 * step).all()


@pytest.mark.parametrize(("dilation", "stride", "taps"), [(1, 1, 3), (4, 1, 3), (1, 2, 3), (2, 1, 2)])
@pytest.mark.parametrize("steps", [9, 10, 31])
def test_an_unfolded_convolution_says_the_same(dilation: int, stride: int, taps: int, steps: int) -> None:
    torch.manual_seed(steps)
    conv = torch.nn.Conv1d(6, 5, taps, dilation=dilation, stride=stride)
    x = torch.randn(2, 6, steps)
    with torch.no_grad():
        torch.testing.assert_close(packing.Unfolded(conv)(x), conv(x))


def test_large_matrices_are_packed_and_small_ones_are_not(packed: Path) -> None:
    graph = onnx.load(str(packed)).graph
    by_kind = {node.op_type for node in graph.node}
    assert {"MatMul", "MatMulNBits"} <= by_kind
    sizes = [int(np.prod(w.dims)) for w in graph.initializer if w.data_type != onnx.TensorProto.UINT8]
    read = {name for node in every_node(graph) for name in node.input}
    assert max(sizes) < packing.LARGE
    assert {w.name for w in graph.initializer} <= read


def test_a_packed_network_streams_as_the_trained_one(network: CueNetwork, packed: Path) -> None:
    mel = np.random.default_rng(5).normal(0, 1, (400, 80)).astype(np.float32)
    whole = np.stack([c.landmarks for c in Predictor.load(packed)(mel, VOICE)])
    predictor = Predictor.load(packed)
    single = np.stack([c.landmarks for at in range(0, 400, 2) for c in predictor(mel[at : at + 2], VOICE)])
    from models.data.windows import pairs_of

    with torch.no_grad():
        pairs = pairs_of(torch.from_numpy(mel)[None], 6)
        out, _ = network(pairs.reshape(1, -1, 80), *neutral_request(pairs.shape[1]), network.initial_state())
    wanted = out.displacement[0, 3:].numpy()
    moves = wanted.std()
    neutral = whole[0] - wanted[0]
    for got in (whole, single):
        assert np.sqrt(np.mean((got - neutral - wanted) ** 2)) < packing.DRIFT * moves
    # an activation that rounds the other way is all that blocks of another size may change
    assert np.abs(whole - single).max() < packing.DRIFT * moves


def test_what_packing_changes_too_much_is_not_kept(
    network: CueNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "quantised", lambda weight, real=packing.quantised: real(0.6 * weight))
    contract = onnx_file.contract_of(network, "small", "noise", "MIT")
    with pytest.raises(onnx_file.ParityError, match=r"8 bits change displacement .* 10% is accepted"):
        onnx_file.export(network, contract, tmp_path / "bad.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_network_leaves_with_standard_operators(tmp_path: Path) -> None:
    path = tmp_path / "plain.onnx"
    command = [sys.executable, "-m", "export", "--from", str(SHIPPED), "-o", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=SHIPPED.parents[2], check=False)
    assert done.returncode == 0, done.stderr
    assert "29 matrices unpacked" in done.stdout
    model = onnx.load(str(path))
    assert {node.domain for node in every_node(model.graph)} <= {""}
    assert [(o.domain, o.version) for o in model.opset_import] == [("", onnx_file.OPSET)]
    assert max(packing.drift(path, SHIPPED, steps=100).values()) <= packing.DRIFT


def test_a_plain_export_needs_no_unpacking(network: CueNetwork, tmp_path: Path) -> None:
    path = tmp_path / "plain.onnx"
    contract = onnx_file.contract_of(network, "small", "noise", "MIT")
    assert "packing" not in onnx_file.export(network, contract, path, "plain")
    assert {node.domain for node in every_node(onnx.load(str(path)).graph)} == {""}
    assert onnx_file.plain_copy(path, tmp_path / "again.onnx") == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--from", "absent.onnx", "-o", "x.onnx"], 1, "absent.onnx: no such network"),
        (["--from", "pyproject.toml", "-o", "x.onnx"], 1, "pyproject.toml is no ONNX file"),
        (["--cues", "a.pt", "-o", "x.onnx"], 2,
         "give --emotion, --expression, --voice, --performance, --style, --name, or --from FILE"),
        (["--cues", "a.pt", "--emotion", "b", "--expression", "c", "--voice", "d", "--performance", "e", "--style", "f",
          "--name", "n", "-o", "x.onnx"], 1, "a.pt: run python -m models.training.cues first"),
    ],
)  # fmt: skip
def test_mistakes_get_one_line(arguments: list[str], code: int, says: str) -> None:
    command = [sys.executable, "-m", "export", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=SHIPPED.parents[2], check=False)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
