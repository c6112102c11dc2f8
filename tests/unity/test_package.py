"""The Unity package as files: metas, GUIDs, assemblies, samples, scenes and names. Needs neither mono nor Unity."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import struct
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from bridge.head.binary import head_bytes
from bridge.head.model import load_head

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "unity_sample"
PACKAGE = PROJECT / "Packages" / "com.facecue.receiver"
UNITY = {
    "UnityEngine.TestRunner", "UnityEditor.TestRunner", "Unity.InferenceEngine", "Unity.Sentis",
}  # fmt: skip
"""Assemblies of Unity's that ours may name."""
BUILTIN = {"0000000000000000f000000000000000", "0000000000000000e000000000000000"}
"""GUIDs of what every editor has built in."""
PLAIN = ("Facecue.Wire", "Facecue.Mapping", "Facecue.Voice")
"""Assemblies that know nothing of the engine."""
TOO_NEW = (
    r"\bAwaitable\b", r"\bdestroyCancellationToken\b", r"\bInstantiateAsync\b", r"\blinearVelocity\b",
    r"\bRenderGraph\b", r"\bUxmlElement\b", r"\bUxmlAttribute\b", r"\bAudioResource\b",
    r"\bTextAsset\.GetData<", r"\bEntityId\b",
)  # fmt: skip
"""What came after 2022.3."""
TOO_OLD = (r"\bFindObjectOfType\b", r"\bFindObjectsOfType\b", r"\bWWW\b", r"\bvelocity\s*=\s*new Vector3")
"""What Unity 6 warns of."""
RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}
"""Names that Windows keeps for itself."""


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


metas = imported(PROJECT / "metas.py")
ASSETS = [asset for root in metas.ROOTS for asset in metas.assets(PROJECT / root)]
SCRIPTS = [path for path in PROJECT.rglob("*.cs") if "Library" not in path.parts]
ASMDEFS = {path: json.loads(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.asmdef")}


def guid_of(asset: Path) -> str:
    text = asset.with_name(asset.name + ".meta").read_text(encoding="utf-8")
    found = re.search(r"^guid: ([0-9a-f]{32})$", text, re.MULTILINE)
    assert found, f"{asset}.meta has no GUID"
    return found[1]


def tracked() -> list[str]:
    """Paths below the Unity project that git knows or would add; all files where there is no git."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z", "--", "unity_sample"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        done = None
    if done is None or done.returncode or not done.stdout:
        return [path.relative_to(ROOT).as_posix() for path in PROJECT.rglob("*") if path.is_file()]
    return [path for path in done.stdout.split("\0") if path and (ROOT / path).exists()]


def test_every_asset_has_a_meta_and_every_meta_an_asset():
    missing = [str(a.relative_to(PROJECT)) for a in ASSETS if not a.with_name(a.name + ".meta").is_file()]
    assert not missing, "run python unity_sample/metas.py"
    known = {asset.with_name(asset.name + ".meta") for asset in ASSETS}
    for root in metas.ROOTS:
        assert not [p for p in (PROJECT / root).rglob("*.meta") if p not in known]


def test_no_folder_is_empty_but_for_its_meta():
    # git keeps no empty folder: its .meta alone would be an orphan in a fresh clone
    for asset in ASSETS:
        if asset.is_dir():
            assert any(path.is_file() and path.suffix != ".meta" for path in asset.rglob("*")), asset


def test_guids_are_unique_and_made_of_the_path():
    by_guid: dict[str, Path] = {}
    for asset in ASSETS:
        guid = guid_of(asset)
        assert guid not in by_guid, f"{asset} and {by_guid.get(guid)} share {guid}"
        by_guid[guid] = asset
    # whoever has the package in a project refers to these by number: they never change
    assert guid_of(PACKAGE / "Runtime/Unity/FaceReceiver.cs") == "1583e076fd0ed169e9fbdbb4c9e72f50"
    assert guid_of(PACKAGE / "Runtime/Unity/FaceRig.cs") == "eef1c045e6a1457885fef37603b8bf86"
    assert guid_of(PACKAGE / "Runtime/Unity/RigMap.cs") == "a7cff04ebe92b6b04fe92d83869011ae"
    assert guid_of(PACKAGE / "Runtime/Unity/Facecue.asmdef") == "37ec15a62647055c6b2232579f0c557f"


@pytest.mark.parametrize("asset", ASSETS, ids=lambda a: a.relative_to(PROJECT).as_posix())
def test_a_meta_says_what_unity_would(asset):
    text = asset.with_name(asset.name + ".meta").read_text(encoding="utf-8")
    assert text.startswith("fileFormatVersion: 2\nguid: ")
    assert ("folderAsset: yes" in text) == asset.is_dir()
    if asset.suffix == ".cs":
        assert "MonoImporter:" in text


def test_references_of_assemblies_resolve_without_a_circle():
    by_guid = {f"GUID:{guid_of(path)}": path for path in ASMDEFS}
    names = {asmdef["name"] for asmdef in ASMDEFS.values()}
    assert len(names) == len(ASMDEFS)
    uses = {}
    for path, asmdef in ASMDEFS.items():
        assert asmdef["name"] == path.stem
        ours = [one for one in asmdef["references"] if one not in UNITY]
        for one in ours:
            assert one in by_guid or one in names, f"{path.name}: {one} is nobody"
        uses[path.stem] = [by_guid[one].stem if one in by_guid else one for one in ours]

    def walk(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, f"{' > '.join(above)} > {name}"
        for one in uses[name]:
            walk(one, (*above, name))

    for name in uses:
        walk(name, ())


def test_plain_assemblies_name_no_engine():
    for path, asmdef in ASMDEFS.items():
        if path.stem in PLAIN:
            assert asmdef["noEngineReferences"] is True
            for script in path.parent.rglob("*.cs"):
                assert "UnityEngine" not in script.read_text(encoding="utf-8"), script
    assert {path.stem for path in ASMDEFS} >= {"Facecue.Wire", "Facecue.Mapping", "Facecue", "Facecue.Editor"}


def test_editor_and_tests_stay_out_of_players():
    for path, asmdef in ASMDEFS.items():
        inside = path.relative_to(PACKAGE).parts
        if "Editor" in inside:
            assert asmdef["includePlatforms"] == ["Editor"]
        else:
            assert asmdef["includePlatforms"] == []
            for script in path.parent.rglob("*.cs"):
                assert "UnityEditor" not in script.read_text(encoding="utf-8"), script
        if inside[0] == "Tests":
            assert asmdef["defineConstraints"][0] == "UNITY_INCLUDE_TESTS"
            assert asmdef["autoReferenced"] is False


def test_the_manifest_is_one():
    manifest = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    version = re.search(
        r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert version is not None
    assert manifest["name"] == PACKAGE.name == "com.facecue.receiver"
    assert manifest["version"] == version[1]
    assert manifest["unity"] == "2022.3"
    assert re.fullmatch(
        r"2022\.3\.\d+f\d+", (PROJECT / "ProjectSettings/ProjectVersion.txt").read_text().split()[1]
    )
    for sample in manifest["samples"]:
        folder = PACKAGE / sample["path"]
        assert sample["path"].startswith("Samples~/")
        assert list(folder.glob("*.unity"))
        assert sample["displayName"]
        assert sample["description"]
    folders = {path.name for path in (PACKAGE / "Samples~").iterdir() if path.is_dir()}
    assert folders == {sample["path"].split("/")[1] for sample in manifest["samples"]}
    project = json.loads((PROJECT / "Packages/manifest.json").read_text(encoding="utf-8"))
    assert manifest["dependencies"].items() <= project["dependencies"].items()
    for name in ("README.md", "CHANGELOG.md", "LICENSE.md"):
        assert (PACKAGE / name).stat().st_size > 300, name
    notices = (PACKAGE / "Third Party Notices.md").read_text(encoding="utf-8")
    assert (ROOT / "bridge/head/APACHE-2.0.txt").read_text(encoding="utf-8").rstrip() in notices
    assert all(name in notices for name in ("GRID", "MediaPipe", "ICT-FaceKit"))
    assert (PACKAGE / "LICENSE.md").read_text() == (ROOT / "LICENSE").read_text()


@pytest.mark.parametrize("scene", sorted(PROJECT.rglob("*.unity")), ids=lambda s: s.stem)
def test_a_scene_refers_to_nothing_that_is_missing(scene):
    text = scene.read_text(encoding="utf-8")
    assert text.startswith("%YAML 1.1\n%TAG !u! tag:unity3d.com,2011:\n")
    known = {guid_of(asset): asset for asset in ASSETS}
    for file_id, guid, kind in re.findall(r"fileID: (-?\d+), guid: ([0-9a-f]+), type: (\d)", text):
        assert guid in known or guid in BUILTIN, f"{guid} is nobody"
        if file_id == "11500000":
            assert (known[guid].suffix, kind) == (".cs", "3")
        if file_id == "4900000":
            assert known[guid].suffix == ".bytes"
    own = set(re.findall(r"^--- !u!\d+ &(\d+)$", text, re.MULTILINE))
    assert {i for i in re.findall(r"fileID: (\d+)\}", text) if i != "0"} <= own
    # each field is one that the script has
    for script, body in re.findall(
        r"m_Script: \{fileID: 11500000, guid: ([0-9a-f]+).*?\}\n(.*)", text, re.DOTALL
    ):
        source = known[script].read_text(encoding="utf-8")
        fields = re.findall(r"^  (_\w+):", body, re.MULTILINE)
        assert fields
        for field in fields:
            assert re.search(rf"\[SerializeField[^\n]*?\][^;]*?\b{field}\b", source), (
                f"{script} has no {field}"
            )


def test_scenes_that_are_built_are_there():
    text = (PROJECT / "ProjectSettings/EditorBuildSettings.asset").read_text(encoding="utf-8")
    scenes = re.findall(r"path: (\S+)\n    guid: (\w+)", text)
    assert scenes
    for path, guid in scenes:
        assert guid_of(PROJECT / path) == guid


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.name)
def test_a_script_names_nothing_too_new_or_too_old(script):
    text = script.read_text(encoding="utf-8")
    for pattern in (*TOO_NEW, *TOO_OLD):
        assert not re.search(pattern, text), f"{pattern}: not in 2022.3 or not in Unity 6"
    assert "\r" not in text
    assert "\t" not in text
    if script.is_relative_to(PACKAGE / "Runtime"):
        assert "System.Reflection.Emit" not in text  # IL2CPP compiles ahead
        assert "dynamic " not in text
        assert "System.Linq" not in text  # allocates


def test_a_component_lives_in_a_file_of_its_name():
    # or scenes lose it
    for script in SCRIPTS:
        found = re.findall(
            r"class (\w+)\s*:\s*(?:MonoBehaviour|ScriptableObject)\b", script.read_text(encoding="utf-8")
        )
        assert len(found) <= 1
        assert not found or found[0] == script.stem, script


def test_names_are_legal_on_windows_and_short():
    seen: dict[str, str] = {}
    for path in tracked():
        assert len(path) < 150, path
        assert seen.setdefault(path.lower(), path) == path
        for part in path.split("/"):
            assert not re.search(r'[<>:"\\|?*\x00-\x1f]', part), path
            assert not part.endswith((" ", ".")), path
            assert part.split(".")[0].lower() not in RESERVED, path


def test_nothing_that_an_editor_makes_is_kept():
    made = re.compile(r"unity_sample/(Library|Temp|Logs|UserSettings|obj)/|\.(csproj|sln)$")
    assert not [path for path in tracked() if made.search(path)]


def test_tables_of_recipes_are_those_of_the_rigs():
    recipes = imported(PROJECT / "recipes.py")
    text = (PACKAGE / "Runtime/Mapping/RecipeTables.cs").read_text(encoding="utf-8")
    assert text == "\n".join(recipes.lines()) + "\n", "run python unity_sample/recipes.py"


def test_the_packages_head_is_the_one_that_ships():
    data = (PACKAGE / "Runtime/Head/Head.bytes").read_bytes()
    magic, version, *_, morphs = struct.unpack_from("<4s5I", data)
    assert (magic, version, morphs) == (b"FCH1", 1, 52)
    command = "facecue head export --force unity_sample/Packages/com.facecue.receiver/Runtime/Head/Head.bytes"
    assert hashlib.sha256(data).digest() == hashlib.sha256(head_bytes(load_head())).digest(), f"run {command}"


def test_metas_writes_only_what_is_missing(tmp_path, monkeypatch):
    package = tmp_path / "Packages/com.facecue.receiver"
    (package / "Samples~/One").mkdir(parents=True)
    (tmp_path / "Assets").mkdir()
    (package / "Samples~/One/a.cs").write_text("")
    (package / "b.cs").write_text("")
    (package / "b.cs.meta").write_text("mine")
    (package / "gone.cs.meta").write_text("")
    monkeypatch.setattr(metas, "PROJECT", tmp_path)
    assert metas.main() == 1  # one is left over
    assert (package / "b.cs.meta").read_text() == "mine"
    assert not (package / "Samples~.meta").exists()
    assert "MonoImporter" in (package / "Samples~/One/a.cs.meta").read_text()
    (package / "gone.cs.meta").unlink()
    assert metas.main() == 0
