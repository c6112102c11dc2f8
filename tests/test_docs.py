"""What the pages say is what the program does."""

import ast
import re
from pathlib import Path

from bridge.commands.controls import page
from bridge.config import BakeConfig, LiveConfig, ServeConfig, load_bake, load_live, load_serve
from bridge.control import VERBS
from bridge.controls import CONTROLS
from bridge.remote.osc import WORDS
from bridge.sinks import SCHEMES as SINKS
from bridge.sources import SCHEMES as SOURCES

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    fences = page.read_text(encoding="utf-8").split("```")[1::2]  # every other stretch is inside a fence
    return [code for name, _, code in (fence.partition("\n") for fence in fences) if name == language]


def test_the_settings_shown_are_the_defaults(tmp_path: Path) -> None:
    (shown,) = blocks(ROOT / "docs" / "command.md", "toml")
    path = tmp_path / "face.toml"
    path.write_text(shown, encoding="utf-8")
    assert load_live(path) == LiveConfig()
    assert load_bake(path) == BakeConfig()
    assert load_serve(path) == ServeConfig()
    assert "[direction]" in shown  # the whole of it is docs/controls.md


def test_the_page_of_controls_is_what_the_command_prints() -> None:
    shown = (ROOT / "docs" / "controls.md").read_text(encoding="utf-8")
    assert shown == page() + "\n", "write it anew: facecue controls > docs/controls.md"


def test_every_verb_and_word_of_control_is_described() -> None:
    text = (ROOT / "docs" / "control.md").read_text(encoding="utf-8")
    assert [verb for verb in VERBS if f"`{verb}`" not in text] == []
    assert [word for word in WORDS if f"/facecue/control/{word}" not in text] == []
    assert not set(WORDS) & set(CONTROLS)


def test_examples_are_python() -> None:
    examples = [code for page in PAGES for code in blocks(page, "python")]
    assert len(examples) >= 3
    for code in examples:
        ast.parse(code)


def test_ci_runs_the_readmes_two_commands() -> None:
    first, second = (
        line
        for block in blocks(ROOT / "README.md", "")
        for line in block.splitlines()
        if line.startswith("pip ")
    )
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in (first, second):
        assert re.search(rf"^ *\(?{re.escape(command)}\b", script, re.MULTILINE), command


def test_every_option_of_a_uri_is_described() -> None:
    page = "".join(
        (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("command.md", "control.md")
    )
    options = {
        name
        for path in (ROOT / "bridge").rglob("*.py")
        for names in re.findall(
            r"check_options\(uri, options, (\(.*\))\)\n", path.read_text(encoding="utf-8")
        )
        for name in re.findall(r'"(\w+)"', names)
    }
    assert {"loop", "public", "names", "landmarks"} <= options
    assert {name for name in options if not re.search(rf"[`?]{name}=", page)} == set()


def test_every_scheme_is_described() -> None:
    page = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
    assert [scheme for scheme in (*SOURCES, *(f"{s}://" for s in SINKS)) if f"| `{scheme}" not in page] == []


def test_links_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    # the picture is made last
    assert set(broken) <= {"README.md: docs/face.gif"}


def test_the_tree_names_what_is_there() -> None:
    (tree,) = (block for block in blocks(ROOT / "README.md", "") if "bridge/  " in block)
    shown = set(re.findall(r"^  (\w+(?:\.py|/))", tree, re.MULTILINE))
    there = {
        p.name + ("/" if p.is_dir() else "") for p in (ROOT / "bridge").iterdir() if p.suffix in ("", ".py")
    }
    there -= {"__init__.py", "__main__.py", "__pycache__/", "commands/"}
    assert shown == there
