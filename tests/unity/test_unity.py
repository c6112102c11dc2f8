"""The Unity package, compiled as its asmdefs say against a stub of the unity, and its tests run under mono."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1] / "unity_sample"
PACKAGE = PROJECT / "Packages" / "com.facecue.receiver"
INFERENCE = "Facecue.Inference"
"""Compiled only where Unity's Inference Engine is; a test of its own does."""

ASMDEFS = {path.stem: path.parent for path in sorted(PACKAGE.rglob("*.asmdef")) if INFERENCE not in path.stem}
FILLED = [name for name, folder in ASMDEFS.items() if list(folder.rglob("*.cs"))]
TESTS = [name for name in FILLED if name.endswith("Tests")]
OTHERS = ("Facecue.Wire.Tests", "Facecue.Voice.Tests")
"""Run by test_wire.py and test_voice.py."""

pytestmark = pytest.mark.mono


@pytest.mark.parametrize("name", FILLED)
def test_an_assembly_compiles_with_what_its_asmdef_names_and_without_a_warning(build, name):
    assert build(name).is_file()


@pytest.mark.parametrize(
    "folder",
    [PROJECT / "Assets", *sorted(f for f in (PACKAGE / "Samples~").iterdir() if f.is_dir())],
    ids=lambda f: f.name,
)
def test_scripts_of_scenes_compile_as_a_users_do(build, mono, unity, folder):
    package = [build(name) for name in ("Facecue", "Facecue.Wire", "Facecue.Mapping")]
    assert mono.library(f"Assembly-CSharp-{folder.name}", [folder], [*package, unity]).is_file()


@pytest.mark.parametrize("name", [name for name in TESTS if name not in OTHERS])
def test_the_tests_of_the_package_hold(build, mono, name):
    results = mono.nunit(build(name))
    assert len(results) > 3
    assert not {test: said for test, said in results.items() if said}


def behaviour(build, mono, unity, nunit_framework) -> Path:
    """The components' tests that need the stub's player loop, with the package's own beside them for their helpers."""
    package = [build(name) for name in ("Facecue.Editor", "Facecue", "Facecue.Wire", "Facecue.Mapping")]
    package.append(mono.library("UnityEditor", [HERE / "stub" / "Editor"], [unity]))
    sources = [HERE / "behaviour", ASMDEFS["Facecue.Tests"], PROJECT / "Assets" / "Demo"]
    return mono.library("Facecue.Behaviour", sources, [*package, unity, nunit_framework])


def test_components_behave_in_a_player(build, mono, unity, nunit_framework, monkeypatch):
    head = PACKAGE / "Runtime" / "Head" / "Head.bytes"
    monkeypatch.setenv("FACECUE_HEAD", str(head) if head.is_file() else "")
    results = mono.nunit(behaviour(build, mono, unity, nunit_framework))
    player = {test: said for test, said in results.items() if ".PlayerTests." in test}
    assert len(player) > 7
    assert not {test: said for test, said in player.items() if said}
