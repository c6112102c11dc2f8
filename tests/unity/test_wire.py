"""The wire layer of the Unity package, in C#: NUnit's tests of it, under mono."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from bridge.frames import ARKIT, EMOTIONS
from bridge.landmarks import neutral_face

pytestmark = pytest.mark.mono


def test_nunit(mono: Any, nunit_framework: str) -> None:
    tests = mono.library(
        "Facecue.Wire.Tests", [mono.package / "Tests" / "Runtime" / "Wire"], [mono.wire(), nunit_framework]
    )
    found = mono.nunit(tests)
    failed = "\n\n".join(f"{name}: {said}" for name, said in found.items() if said)
    assert not failed, failed
    assert len(found) > 60
