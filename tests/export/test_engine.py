"""`--profile unity`: nothing goes in that the engine does not read, and what goes in says the same."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from bridge.frames import ARKIT  # noqa: E402
from bridge.landmarks import neutral_face  # noqa: E402
from bridge.weights import choose  # noqa: E402
from export import engine, operators  # noqa: E402
from export.folding import OPSET  # noqa: E402

ROOT = Path(__file__).parents[2]


def exported(*arguments: str) -> subprocess.CompletedProcess[str]:
    # a torch that cannot be imported: this profile needs none
    code = "import sys; sys.modules['torch'] = None; import runpy; runpy.run_module('export', run_name='__main__')"
    command = [sys.executable, "-c", code, "--profile", "unity", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.fixture(scope="module", params=["live", "studio"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp(request.param)
    done = exported("--lookahead", request.param, "-o", str(path))
    assert done.returncode == 0, done.stderr
    assert "over 300 frames displacement" in done.stdout
    return path


def test_four_files_and_no_more(folder: Path) -> None:
    (name,) = (path.stem for path in folder.glob("*.json"))
    wanted = {f"{name}.onnx", f"{name}_feeling.onnx", f"{name}.json", "retarget.bytes"}
    assert {path.name for path in folder.iterdir()} == wanted


def test_graphs_are_what_the_engine_reads(folder: Path) -> None:
    for path in folder.glob("*.onnx"):
        model = onnx.load(str(path))
        onnx.checker.check_model(model, full_check=True)
        assert operators.complaints(model) == []
        assert [(o.domain, o.version) for o in model.opset_import] == [("", OPSET)]
        kinds = {node.op_type for node in model.graph.node}
        assert not kinds & {"If", "Loop", "Scan", "Shape", "Range", "LayerNormalization"}
        for value in (*model.graph.input, *model.graph.output):
            assert all(dim.dim_value > 0 for dim in value.type.tensor_type.shape.dim), value.name
        assert "Licence of the weights: non-commercial" in model.doc_string


def test_the_json_says_what_the_graphs_have(folder: Path) -> None:
    (path,) = folder.glob("*.json")
    facts = json.loads(path.read_text(encoding="utf-8"))
    assert facts["format"] == engine.FORMAT
    assert facts["lookahead_hops"] == {"live": 8, "studio": 60}[facts["name"]]
    assert "non-commercial" in facts["licence"]
    assert facts["arkit"] == list(ARKIT)
    np.testing.assert_array_equal(np.float32(facts["neutral"]), neutral_face().ravel())
    assert max(v for n, v in facts["parity"].items() if n not in engine.LOOSE) <= engine.TOLERANCE
    for part in ("main", "feeling"):
        graph = onnx.load(str(folder / facts[part]["file"])).graph
        for ours, theirs, end in ((graph.input, "inputs", "in"), (graph.output, "outputs", "out")):
            shapes = {p["name"]: p["shape"] for p in facts[part][theirs]}
            shapes |= {s[end]: s["shape"] for s in facts[part]["states"]}
            assert shapes == {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in ours}


def test_the_map_holds_the_bridge_s_numbers() -> None:
    data = engine.retarget_bytes()
    assert data[:8] == b"FCRT" + struct.pack("<i", engine.FORMAT)
    at = 8
    for value in engine.Retarget().parts():
        (size,) = struct.unpack_from("<i", data, at)
        kind = "<i4" if value.dtype.kind == "i" else "<f4"
        np.testing.assert_array_equal(np.frombuffer(data, kind, size, at + 4), value.ravel())
        at += 4 + 4 * size
    assert at == len(data)


def one_node(
    kind: str, *, opset: int = 15, domain: str = "", size: int = 3, **attributes: object
) -> onnx.ModelProto:
    node = helper.make_node(kind, ["x"], ["y"], name="it", domain=domain, **attributes)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [size])
    graph = helper.make_graph([node], "g", [x], [onnx.ValueInfoProto(name="y")])
    domains = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(graph, opset_imports=domains)


def test_what_the_engine_does_not_read_is_named() -> None:
    assert operators.complaints(one_node("Tanh")) == []
    (said,) = operators.complaints(one_node("Det"))
    assert said.startswith("Det it: not among")
    assert operators.SOURCE in said
    said = "\n".join(operators.complaints(one_node("MatMulNBits", domain="com.microsoft")))
    assert "MatMulNBits it of com.microsoft" in said
    assert any("opset 17" in line for line in operators.complaints(one_node("Tanh", opset=17)))
    (said,) = operators.complaints(one_node("Cast", to=TensorProto.BOOL))
    assert "compare it with 0" in said
    (said,) = operators.complaints(one_node("Cast", to=TensorProto.DOUBLE))
    assert "gives double" in said
    model = one_node("Tanh")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n"
    assert any("not known before it runs" in line for line in operators.complaints(model))


def test_an_integer_beyond_32_bits_is_named() -> None:
    model = one_node("Tanh")
    wide = numpy_helper.from_array(np.array([2**40]), "wide")
    model.graph.initializer.append(wide)
    model.graph.node.append(helper.make_node("Gather", ["y", "wide"], ["w"], name="g"))
    assert any("beyond 32 bits" in line for line in operators.complaints(model))


def test_an_offending_network_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operators, "UNITY", operators.UNITY - {"LSTM"})
    with pytest.raises(engine.EngineError, match=r"live.onnx cannot go into Unity:\nLSTM /network"):
        engine.write_engine(choose("live"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_one_that_says_something_else_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "TOLERANCE", 1e-12)
    monkeypatch.setattr(engine, "FRAMES", 8)
    with pytest.raises(engine.EngineError, match=r"differs by .* not kept"):
        engine.write_engine(choose("live"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("source", "says"),
    [("absent.onnx", "absent.onnx: no such network"), ("pyproject.toml", "pyproject.toml is no ONNX file")],
)
def test_mistakes_get_one_line(source: str, says: str, tmp_path: Path) -> None:
    done = exported("--from", source, "-o", str(tmp_path / "out"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"export: {says}")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    done = exported("-o", str(tmp_path / "out"))
    assert done.returncode == 1
    assert done.stderr.endswith("out is a file; name a folder\n")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


def test_a_stranger_s_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tanh.onnx"
    onnx.save(one_node("Tanh"), str(path))
    done = exported("--from", str(path), "-o", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "carries no facecue.contract metadata" in done.stderr
