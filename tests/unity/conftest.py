"""Mono's compiler and NUnit for the C# of the Unity package: `tests/unity/engine.py`, as fixtures."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "unity_sample" / "Packages" / "com.facecue.receiver"
STUB = Path(__file__).resolve().parent / "stub"
"""A thin UnityEngine and UnityEditor."""


@pytest.fixture(scope="session")
def engine() -> ModuleType:
    """The module `engine.py` of this folder."""
    name = "facecue_unity_engine"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("engine.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def mono(engine: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """`engine.Mono`: compiles C# with mcs once a session, runs it with mono and nunit-console."""
    absent = engine.missing()
    if absent:
        pytest.skip(absent)
    return engine.Mono(tmp_path_factory.mktemp("mono"))


@pytest.fixture(scope="session")
def nunit_framework(engine: ModuleType) -> str:
    """Where nunit.framework.dll lies."""
    found: str = engine.nunit_framework()
    return found


def guid_of(asset: Path) -> str:
    """GUID in the .meta of an asset."""
    text = asset.with_name(asset.name + ".meta").read_text(encoding="utf-8")
    return next(line.removeprefix("guid: ") for line in text.splitlines() if line.startswith("guid: "))


@pytest.fixture(scope="session")
def unity(mono: Any) -> Path:
    """The stub of UnityEngine."""
    made: Path = mono.library("UnityEngine", [STUB / "Engine"])
    return made


@pytest.fixture(scope="session")
def build(mono: Any, unity: Path, nunit_framework: str) -> Callable[[str], Path]:
    """Compiles an assembly of the package by its name, after those that its asmdef refers to."""
    editor = mono.library("UnityEditor", [STUB / "Editor"], [unity])
    asmdefs = {path.stem: path for path in sorted(PACKAGE.rglob("*.asmdef"))}
    by_guid = {f"GUID:{guid_of(path)}": name for name, path in asmdefs.items()}

    def compiled(name: str) -> Path:
        asmdef = json.loads(asmdefs[name].read_text(encoding="utf-8"))
        named = [by_guid.get(one, one) for one in asmdef["references"] if not one.endswith(".TestRunner")]
        references: list[Path | str] = [compiled(one) for one in named]
        if not asmdef["noEngineReferences"]:
            references.append(unity)
        if "Editor" in asmdef["includePlatforms"]:
            references.append(editor)
        if "nunit.framework.dll" in asmdef["precompiledReferences"]:
            references.append(nunit_framework)
        # a folder's files belong to the nearest asmdef above them
        inner = [path.parent for path in asmdefs.values() if path != asmdefs[name]]
        files = [
            file
            for file in sorted(asmdefs[name].parent.rglob("*.cs"))
            if not any(folder in file.parents for folder in inner if asmdefs[name].parent in folder.parents)
        ]
        made: Path = mono.library(name, files, references)
        return made

    return compiled
