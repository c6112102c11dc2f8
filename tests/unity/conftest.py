"""Mono's compiler and NUnit for the C# of the Unity package: `tests/unity/engine.py`, as fixtures."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


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
