"""The report in a real Chromium: ten thousand lines, of which only those in view are drawn; by keyboard alone."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.batch.findings import Findings
from bridge.batch.report import Line, write_report

LINES = 10_000
FACES = base64.b64encode(np.tile(np.int8([0] * 214 + [127]), 6).tobytes()).decode()
WAVE = base64.b64encode(bytes(range(120))).decode()


def line(n: int) -> Line:
    warnings = ("clipped",) if n % 100 == 7 else ()
    found = Findings(
        seconds=1 + n % 50 / 10, level_dbfs=-float(n % 60), noise_db=None if n % 2 else 30.0, syllables_hz=4.0,
        confidence=0.9, emotion="happy" if n % 3 else "sad", moods="4" * 24, wave=WAVE, faces=FACES,
        warnings=warnings,
    )  # fmt: skip
    fault = "it broke" if n == 5 else ""
    return Line(
        f"act/line{n:05}", Path(f"in/{n}.wav"), f"actor {n % 4}", n + 2, "", None if fault else found, fault
    )


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if binary is None:
        pytest.skip("no Chromium on the path")
    write_report(tmp_path / "report.html", "dialogue", map(line, range(LINES)))
    faults: list[str] = []
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=binary, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on(
            "console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None
        )
        tab.on(
            "request", lambda asked: faults.append(asked.url) if not asked.url.startswith("file:") else None
        )
        tab.goto((tmp_path / "report.html").as_uri())
        yield tab
        assert faults == []
        browser.close()


def names(page: Any) -> list[str]:
    """Lines in the page, from above."""
    rows = page.evaluate(
        "[...document.querySelectorAll('.row')].map((r) => [r.offsetTop, r.querySelector('b').textContent])"
    )
    return [name for _, name in sorted(rows)]


def chosen(page: Any) -> str:
    return page.locator(".row[aria-selected=true] b").inner_text()


@pytest.mark.chromium
def test_ten_thousand_lines_are_skimmed_by_keyboard(page: Any) -> None:
    assert "10000 of 10000 lines shown" in page.locator("#count").inner_text()
    assert "100 with warnings · 1 failed" in page.locator("#count").inner_text()
    assert names(page)[0] == "act/line00000"
    assert len(names(page)) < 20  # the others are made when they are looked at
    page.locator("canvas.faces").first.wait_for()
    drawn = "(c) => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    assert page.locator("canvas.faces").first.evaluate(drawn) > 50
    page.locator("#grid").focus()
    for key, name in [
        ("ArrowDown", "00001"), ("w", "00005"), ("w", "00007"), ("w", "00107"), ("End", "09999"),
        ("ArrowDown", "09999"), ("ArrowUp", "09998"), ("Home", "00000"),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert chosen(page) == f"act/line{name}", key
        assert page.locator(".row[aria-selected=true]").is_visible()
    page.keyboard.press("/")
    page.keyboard.type("line0123")
    assert "10 of 10000" in page.locator("#count").inner_text()
    page.locator("#clear").press("Enter")
    page.locator("#warning").select_option("clipped")
    assert names(page)[:2] == ["act/line00007", "act/line00107"]
    page.locator("#warning").select_option("failed")
    assert names(page) == ["act/line00005"]
    assert "it broke" in page.locator(".row").inner_text()
    page.locator("#find").fill("nobody")
    assert page.locator("#none").is_visible()


@pytest.mark.chromium
def test_columns_sort_both_ways_and_what_has_no_figure_is_last(page: Any) -> None:
    page.get_by_role("button", name="Level").press("Enter")
    assert names(page)[0] == "act/line00059"
    page.get_by_role("button", name="Level").press("Enter")
    assert names(page)[0] == "act/line00000"
    assert page.locator("[aria-sort=descending]").inner_text().startswith("Level")
    for _ in range(2):
        page.get_by_role("button", name="Over noise").press("Enter")
        assert names(page)[0] == "act/line00000"
    page.locator("#grid").focus()
    page.keyboard.press("End")
    assert chosen(page) == "act/line09999"
