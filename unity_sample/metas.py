"""Writes the .meta files that Unity would write, so that GUIDs never depend on whose editor came first.

    python unity_sample/metas.py

Every asset and folder below Assets/ and Packages/com.facecue.receiver/ gets one; one that is there is left as it
is, and one whose asset has gone is named and left. A GUID is the first 32 hex digits of the SHA-256 of "facecue/" and
the asset's path relative to this folder, with forward slashes. Unity reads neither names that end in ~ nor names that
begin with a dot, so those have none; what lies inside Samples~ has, because the Package Manager copies it with them.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
"""The Unity project."""

ROOTS = ("Assets", "Packages/com.facecue.receiver")
"""What Unity imports of it. The roots themselves have no .meta."""

TAIL = "  externalObjects: {}\n  userData: \n  assetBundleName: \n  assetBundleVariant: \n"
"""How an importer without settings ends."""

MONO = TAIL.replace(
    "  userData",
    "  serializedVersion: 2\n  defaultReferences: []\n  executionOrder: 0\n  icon: {instanceID: 0}\n  userData",
)
"""Settings of a script."""

NATIVE = TAIL.replace("  userData", "  mainObjectFileID: 11400000\n  userData")
"""Settings of a ScriptableObject."""

IMPORTERS = {
    ".cs": ("MonoImporter", MONO),
    ".asmdef": ("AssemblyDefinitionImporter", TAIL),
    ".asset": ("NativeFormatImporter", NATIVE),
    ".md": ("TextScriptImporter", TAIL),
    ".txt": ("TextScriptImporter", TAIL),
    ".json": ("TextScriptImporter", TAIL),
    ".bytes": ("TextScriptImporter", TAIL),
}
"""Importer of an asset by its suffix; any other is DefaultImporter."""


def guid(asset: Path) -> str:
    """GUID of an asset (32 hex digits) by its path below the project."""
    return hashlib.sha256(f"facecue/{asset.relative_to(PROJECT).as_posix()}".encode()).hexdigest()[:32]


def assets(root: Path) -> Iterator[Path]:
    """Everything below `root` that takes a .meta, folders included, in the order of names."""
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or path.suffix == ".meta":
            continue
        if not path.name.endswith("~"):
            yield path
        if path.is_dir() and path.name not in {"Documentation~", "__pycache__"}:
            yield from assets(path)


def meta(asset: Path) -> str:
    """The text of an asset's .meta."""
    head = f"fileFormatVersion: 2\nguid: {guid(asset)}\n"
    if asset.is_dir():
        return f"{head}folderAsset: yes\nDefaultImporter:\n{TAIL}"
    if asset.name == "package.json":
        return f"{head}PackageManifestImporter:\n{TAIL}"
    importer, settings = IMPORTERS.get(asset.suffix, ("DefaultImporter", TAIL))
    return f"{head}{importer}:\n{settings}"


def main() -> int:
    """Write what is missing and name what is left over."""
    written, orphans = 0, 0
    for root in (PROJECT / name for name in ROOTS):
        known = set()
        for asset in assets(root):
            path = asset.with_name(asset.name + ".meta")
            known.add(path)
            if not path.exists():
                path.write_text(meta(asset), encoding="utf-8", newline="\n")
                written += 1
        for path in sorted(root.rglob("*.meta")):
            if path not in known:
                sys.stdout.write(f"no asset for {path.relative_to(PROJECT).as_posix()}: delete it\n")
                orphans += 1
    sys.stdout.write(f"{written} .meta written\n")
    return 1 if orphans else 0


if __name__ == "__main__":
    sys.exit(main())
