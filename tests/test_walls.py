"""The walls of the house: who may import whom, where a library may appear, how large a room may be."""

import ast
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FORBIDDEN = {
    "bridge": {"torch", "models", "export", "scipy", "matplotlib", "onnx"},
    "models": {"export"},
}
EDGES: dict[str, set[str]] = {
    "sounddevice": {"bridge/portaudio.py"},
    "soundfile": {
        "bridge/sources/file.py",
        "bridge/sources/whole.py",
        "bridge/sources/demo.py",
        "bridge/takes/film.py",
    },
    "soxr": {"bridge/resample.py"},
    "onnxruntime": {"bridge/predictor.py", "bridge/portrait/devices.py"},
    "av": {"bridge/takes/film.py"},
    "zmq": {"bridge/sinks/zeromq.py", "bridge/sinks/curve.py", "bridge/remote/zeromq.py"},
    "msgpack": {"bridge/sinks/wire.py", "bridge/remote/request.py"},
    "websockets": {"bridge/sinks/vts_link.py"},
    "pythonosc": set(),  # a peer in tests; our packets are made in bridge/sinks/osc_packet.py
    "PIL": {
        "bridge/takes/brush.py",
        "bridge/takes/drawing.py",
        "bridge/takes/strip.py",
        "bridge/head/picture.py",
        "bridge/portrait/person.py",
        "bridge/portrait/mark.py",
    },
    "numba": {"bridge/head/raster.py"},
    "pygltflib": {"bridge/head/glb.py"},
    "pxr": {"bridge/takes/usd.py", "bridge/takes/usd_head.py"},
}
"""Optional or heavy library → the rooms of bridge that may name it."""
HEAVY = {*EDGES, "torch", "rich", "numpy"}
"""What `import bridge.cli` must not bring."""
ROOM_LINES = 300


def rooms(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Top-level package and line of every import in a file, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)}:{node.lineno} imports relatively; name the room in full"
            yield (node.module or "").partition(".")[0], node.lineno
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            yield from (
                (str(a.value).partition(".")[0], node.lineno)
                for a in node.args
                if isinstance(a, ast.Constant)
            )


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_data_flows_one_way(package: str) -> None:
    assert rooms(package)
    broken = [
        f"{named(path)}:{line} imports {name}"
        for path in rooms(package)
        for name, line in imports(path)
        if name in FORBIDDEN[package]
    ]
    assert broken == []


def test_a_library_is_named_only_at_its_edge() -> None:
    broken = [
        f"{named(path)}:{line} imports {name}"
        for path in rooms("bridge")
        for name, line in imports(path)
        if name in EDGES and named(path) not in EDGES[name]
    ]
    assert broken == []


@pytest.mark.parametrize("package", ["bridge", "models", "export"])
def test_no_room_is_larger_than_one_idea(package: str) -> None:
    sizes = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in rooms(package)}
    assert {name: lines for name, lines in sizes.items() if lines > ROOM_LINES} == {}


def test_the_package_list_names_every_folder() -> None:
    # the list is explicit, so that nothing is shipped by accident; neither may anything be left out
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = re.search(r"^packages = \[(.*?)\]", text, re.DOTALL | re.MULTILINE)
    assert section
    listed = set(re.findall(r'"([\w.]+)"', section[1]))
    found = {
        ".".join(path.relative_to(ROOT).parts)
        for package in ("bridge", "models", "export")
        for path in (ROOT / package).rglob("*")
        if path.is_dir() and any(path.glob("*.py"))
    }
    found |= {package for package in ("bridge", "models", "export") if any((ROOT / package).glob("*.py"))}
    assert found <= listed
    assert {name for name in listed if not (ROOT / name.replace(".", "/")).is_dir()} == set()


def tree() -> list[Path]:
    """Every file of ours that is text: what git tracks, or all sources in an unpacked archive."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 0 and done.stdout:
        paths = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    else:
        paths = [
            p for p in ROOT.rglob("*") if not any(part.startswith(".") for part in p.relative_to(ROOT).parts)
        ]
    text = {".py", ".md", ".toml", ".html", ".js", ".cs", ".txt", ".json", ".yml", ""}
    return [p for p in paths if p.is_file() and p.suffix in text and p.name != "LICENSE"]


def test_no_path_of_a_developers_machine_is_in_the_tree() -> None:
    pattern = re.compile(r"(?<![\w.])(/work/|/home/\w+/|/Users/\w+/|/root/|[A-Z]:\\\\?Users\\)")
    found = [
        f"{named(path)}: {match[0]}"
        for path in tree()
        if path != Path(__file__).resolve()
        for match in pattern.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def test_there_is_one_clock() -> None:
    # why: see bridge/latency.py; two clocks would also make a latency of the difference between them
    pattern = re.compile(r"\btime\.(?:monotonic|time)(?:_ns)?\b")
    found = [named(path) for path in rooms("bridge") if pattern.search(path.read_text(encoding="utf-8"))]
    assert found == ["bridge/latency.py"]  # which says so


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_room_of_bridge_imports_without_torch() -> None:
    names = [
        ".".join(p.relative_to(ROOT).with_suffix("").parts) for p in rooms("bridge") if p.stem != "__main__"
    ]
    output = run_python(f"""
        import importlib, sys

        class Blocked:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in {{"torch", "models", "export"}}:
                    raise ImportError(f"{{name}} is behind the wall")

        sys.meta_path.insert(0, Blocked())
        for name in {names!r}:
            importlib.import_module(name.removesuffix(".__init__"))
        print("all")
    """)
    assert output.strip() == "all"


def test_the_command_starts_without_heavy_libraries() -> None:
    loaded = set(
        run_python("import sys, bridge.cli; print(*{n.partition('.')[0] for n in sys.modules})").split()
    )
    assert loaded & HEAVY == set()
