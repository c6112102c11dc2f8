"""What is found in a recording: each warning for what it says, and none for a clean line."""

from pathlib import Path
from threading import Event

import numpy as np
import pytest
import soundfile

from bridge.assembly import assemble
from bridge.batch.findings import FACES, Examiner, Findings
from bridge.config import BakeConfig
from bridge.pipeline import Pipeline, run
from bridge.sources import demo
from bridge.sources.file import FileSource

RATE = 16_000
VOICE, _ = soundfile.read(Path(demo.__file__).parent / "demo" / "bbbm2p.flac", dtype="float32")
OTHER, _ = soundfile.read(Path(demo.__file__).parent / "demo" / "lwie6p.flac", dtype="float32")


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return assemble(BakeConfig()).pipeline


def found(pipeline: Pipeline, path: Path, *, directed: bool = False) -> Findings:
    source, examiner = FileSource(str(path), realtime=False), Examiner(directed=directed)
    pipeline.reset()
    run(source, pipeline, (), stop=Event(), on_frame=examiner.see, monitor=lambda b: examiner.hear(b.samples))
    return examiner.findings(source.clipped)


def in_file(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(path, samples, rate)
    return path


def test_a_clean_line_has_no_warning(pipeline: Pipeline, tmp_path: Path) -> None:
    line = found(pipeline, in_file(tmp_path / "x.wav", VOICE))
    assert line.warnings == ()
    assert line.seconds == pytest.approx(len(VOICE) / RATE, abs=0.02)
    assert line.noise_db is not None
    assert line.noise_db > 20
    assert line.syllables_hz is not None
    assert 3 < line.syllables_hz < 5.8
    assert line.emotion == "neutral"
    assert len(line.moods) == 24
    assert found(pipeline, tmp_path / "x.wav", directed=True).confidence is None


def noisy() -> np.ndarray:
    return VOICE + np.random.default_rng(0).normal(0, VOICE.std() / 3.2, VOICE.size)


@pytest.mark.parametrize(
    ("samples", "rate", "warning"),
    [
        (np.clip(4 * VOICE / np.abs(VOICE).max(), -1, 1), RATE, "clipped"),
        (np.stack([np.clip(4 * VOICE / np.abs(VOICE).max(), -1, 1), 0 * VOICE], 1), 48_000, "clipped"),
        (1e-4 * VOICE, RATE, "silent"),
        (0.1 * np.sin(np.arange(3 * RATE) * 2 * np.pi * 100 / RATE), RATE, "no voice"),
        (noisy(), RATE, "noisy"),
        (OTHER, round(1.7 * RATE), "too fast"),
        (OTHER, round(1.7 * RATE), "low confidence"),
    ],
    ids=["clipped", "clipped-left-48k", "silent", "hum", "noisy", "fast", "unsure"],
)
def test_each_warning(
    pipeline: Pipeline, tmp_path: Path, samples: np.ndarray, rate: int, warning: str
) -> None:
    assert warning in found(pipeline, in_file(tmp_path / "x.wav", samples, rate)).warnings


def test_findings_of_a_long_recording_are_no_larger(pipeline: Pipeline, tmp_path: Path) -> None:
    short = found(pipeline, in_file(tmp_path / "x.wav", VOICE))
    long = found(pipeline, in_file(tmp_path / "y.wav", np.tile(VOICE, 12)))
    assert (len(long.faces), len(long.wave)) == (len(short.faces), len(short.wave))
    assert len(short.faces) == 4 * FACES * 215 / 3
    tiny = found(pipeline, in_file(tmp_path / "z.wav", np.float32(0.1) * VOICE[:200]))
    assert (tiny.seconds, len(tiny.moods)) == (0.02, 1)
