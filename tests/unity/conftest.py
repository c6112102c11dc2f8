"""Mono's compiler and NUnit for the C# of the Unity package; whatever is compiled is compiled once a session."""

from __future__ import annotations

import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "unity_sample" / "Packages" / "com.facecue.receiver"
GOLDEN = ROOT / "tests" / "golden"
LANGUAGE = "7.2"
"""C# of every file in the package: what Unity 2022 and Debian's mcs both know."""
PROGRAMS = ("mcs", "mono", "nunit-console")


class Mono:
    """Compiles with mcs and runs with mono, in a folder of its own."""

    package = PACKAGE
    golden = GOLDEN

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, Path] = {}

    def library(self, name: str, sources: Iterable[Path], references: Sequence[Path | str] = ()) -> Path:
        """The assembly NAME.dll of these files (folders are searched); a second call gives the first one's."""
        return self._compile(f"{name}.dll", "library", sources, references)

    def program(self, name: str, sources: Iterable[Path], references: Sequence[Path | str] = ()) -> Path:
        return self._compile(f"{name}.exe", "exe", sources, references)

    def wire(self) -> Path:
        """Facecue.Wire.dll."""
        return self.library("Facecue.Wire", [PACKAGE / "Runtime" / "Wire"])

    def _compile(
        self, name: str, target: str, sources: Iterable[Path], references: Sequence[Path | str]
    ) -> Path:
        if name in self._made:
            return self._made[name]
        files = [
            str(file)
            for source in sources
            for file in ([source] if source.is_file() else sorted(source.rglob("*.cs")))
        ]
        assert files, f"no C# for {name}"
        path = self.folder / name
        command = ["mcs", f"-langversion:{LANGUAGE}", "-warnaserror+", "-warn:4", "-optimize+"]
        command += [f"-target:{target}", f"-out:{path}", *(f"-r:{reference}" for reference in references)]
        done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(f"mcs does not take {name}:\n{done.stdout}{done.stderr}", pytrace=False)
        self._made[name] = path
        return path

    def start(self, program: Path, *arguments: str, environment: dict[str, str] | None = None) -> Running:
        command = ["mono", str(program), *arguments]
        env = os.environ | {"FACECUE_GOLDEN": str(GOLDEN)} | (environment or {})
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def run(self, program: Path, *arguments: str, environment: dict[str, str] | None = None) -> str:
        """What a program prints; it has to end well within a minute."""
        process = self.start(program, *arguments, environment=environment)
        try:
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 0, f"{program.name} ended with {process.returncode}:\n{out}"
        return out

    def nunit(self, tests: Path) -> dict[str, str]:
        """Every test of an assembly by its full name: "" where it held, else what it said."""
        report = tests.with_suffix(".xml")
        command = ["nunit-console", str(tests), "-nologo", "-nodots", "-nothread", "-noshadow"]
        done = subprocess.run(
            [*command, f"-xml={report}"],
            capture_output=True, text=True, check=False, cwd=self.folder, timeout=150,
            env=os.environ | {"FACECUE_GOLDEN": str(GOLDEN)},
        )  # fmt: skip
        assert report.is_file(), f"nunit-console wrote no report:\n{done.stdout}{done.stderr}"
        found = {}
        for case in ET.parse(report).iter("test-case"):  # noqa: S314  written here a moment ago
            said = " ".join(text.strip() for text in case.itertext() if text.strip())
            held = case.get("result") in ("Success", "Ignored", "Skipped")
            found[case.get("name", "")] = "" if held else said or "failed"
        return found


Running = subprocess.Popen[str]


@pytest.fixture(scope="session")
def mono(tmp_path_factory: pytest.TempPathFactory) -> Mono:
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: apt-get install mono-mcs mono-runtime nunit-console")
    return Mono(tmp_path_factory.mktemp("mono"))


@pytest.fixture(scope="session")
def nunit_framework() -> str:
    """Where nunit.framework.dll lies; mcs finds Mono's own by name."""
    places = sorted(Path("/usr/lib/cli").glob("nunit.framework-*/nunit.framework.dll"))
    return str(places[-1]) if places else "nunit.framework.dll"
