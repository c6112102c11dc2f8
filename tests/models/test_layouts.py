"""Readers of corpora as downloaded, and the rules that divide them."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.frames import EMOTIONS
from models.data import corpus, layouts, splits
from models.data.layouts import Recording, meaning, recordings

Make = Callable[..., object]


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def mead(root: Path, people: tuple[str, ...] = ("M003", "W009"), sentences: int = 10) -> None:
    for person in people:
        for emotion, level in (("neutral", 1), ("angry", 1), ("angry", 3)):
            for k in range(1, sentences + 1):
                end = f"{emotion}/level_{level}/{k:03d}"
                touch(root / person, f"video/front/{end}.mp4", f"video/left_30/{end}.mp4", f"audio/{end}.m4a")


def test_mead_has_views_levels_and_sound(tmp_path: Path) -> None:
    mead(tmp_path)
    found = recordings(tmp_path)
    assert Counter(r.view for r in found) == {"front": 60, "left_30": 60}
    one = next(r for r in found if r.emotion == "angry" and r.intensity == 3 and r.view == "left_30")
    assert (one.corpus, one.person, one.sentence) == ("mead", "M003", "001")
    assert one.path_video == tmp_path / "M003/video/left_30/angry/level_3/001.mp4"
    assert one.path_audio == one.path_sound == tmp_path / "M003/audio/angry/level_3/001.m4a"
    # one person alone, and sound alone, are read the same
    assert len(recordings(tmp_path / "M003")) == 60
    alone = recordings(tmp_path / "W009" / "audio")
    assert len(alone) == 30
    assert {(r.view, r.path_video) for r in alone} == {("", None)}


def test_cremad_says_all_in_its_names(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "VideoFlash/1001_DFA_ANG_XX.flv",
        "AudioWAV/1001_DFA_ANG_XX.wav",
        "AudioWAV/1002_IEO_DIS_HI.wav",
    )
    touch(tmp_path, "AudioWAV/1040_ITH_SAD_X.wav", "processedResults/summaryTable.csv")
    first, second, third = recordings(tmp_path, "cremad")
    assert (first.person, first.emotion, first.intensity, first.sentence) == ("1001", "angry", 0, "DFA")
    assert first.path_video is not None
    assert first.path_audio is not None
    assert (second.emotion, second.intensity, second.path_video) == ("disgusted", 3, None)
    assert (third.emotion, third.intensity) == ("sad", 0)


@pytest.mark.parametrize("folder", ["Actor_01", "Video_Speech_Actor_01/Actor_01", "actor_01"])
def test_ravdess_prefers_the_video_with_sound(tmp_path: Path, folder: str) -> None:
    said = "01-03-02-01-02-01"
    touch(tmp_path / folder, f"01-{said}.mp4", f"02-{said}.mp4")
    touch(tmp_path, f"Audio_Speech_Actors_01-24/Actor_01/03-{said}.wav", f"{folder}/01-02-03-02-01-02-01.mp4")
    (one,) = recordings(tmp_path)  # the song is left out
    assert (one.person, one.emotion, one.intensity, one.sentence) == ("actor01", "happy", 2, "01-02-03")
    assert one.path_video == tmp_path / folder / f"01-{said}.mp4"
    assert one.path_audio is not None


def test_ravdess_calm_and_neutral_stay_two_recordings(tmp_path: Path) -> None:
    touch(tmp_path, "Actor_02/03-01-01-01-01-01-02.wav", "Actor_02/03-01-02-01-01-01-02.wav")
    assert {r.emotion for r in recordings(tmp_path)} == {"neutral"}
    assert len({r.name for r in recordings(tmp_path)}) == 2


@pytest.mark.parametrize("video", ["s1/bbaf2n.mpg", "s1/video/bbaf2n.mpg", "s1/video/mpg_6000/bbaf2n.mpg"])
def test_grid_is_neutral(tmp_path: Path, video: str) -> None:
    touch(tmp_path, video, "audio_25k/s1/bbaf2n.wav", "s1/align/bbaf2n.align", "s1/notes.mpg")
    (one,) = recordings(tmp_path)
    assert (one.corpus, one.person, one.emotion, one.name) == ("grid", "s1", "neutral", "bbaf2n")
    assert one.path_audio == tmp_path / "audio_25k/s1/bbaf2n.wav"


def test_a_folder_of_something_else_is_told_what_is_known(tmp_path: Path) -> None:
    touch(tmp_path, "holiday/film.mp4")
    with pytest.raises(FileNotFoundError) as error:
        recordings(tmp_path)
    assert all(name in str(error.value) for name in (str(tmp_path), "mead", "cremad", "ravdess", "grid"))
    mead(tmp_path, ("M003",), 1)
    with pytest.raises(FileNotFoundError, match="layout of ravdess"):
        recordings(tmp_path, "ravdess")
    with pytest.raises(ValueError, match="'lrs3' is not known"):
        recordings(tmp_path, "lrs3")
    with pytest.raises(ValueError, match="'year'"):
        recordings(tmp_path, by="year")


def test_a_folder_of_links_that_bite_their_tail_ends(tmp_path: Path) -> None:
    mead(tmp_path / "there", ("M003",), 2)
    try:
        (tmp_path / "data").symlink_to(tmp_path / "there", target_is_directory=True)
        (tmp_path / "there" / "again").symlink_to(tmp_path / "there", target_is_directory=True)
    except OSError:
        pytest.skip("no links on this file system")
    assert len(recordings(tmp_path / "data")) == 12


@given(
    st.sampled_from(["mead", "cremad", "ravdess"]),
    st.from_regex(r"[MW]?[a-z]{0,5}[0-9]{2,4}", fullmatch=True),
    st.sampled_from(EMOTIONS),
    st.integers(0, 3),
    st.from_regex(r"[A-Za-z0-9-]{1,8}", fullmatch=True),
    st.sampled_from(layouts.VIEWS),
)
def test_the_name_of_a_track_says_what_it_is_of(
    corpus_name: str, person: str, emotion: str, level: int, sentence: str, view: str
) -> None:
    one = Recording(corpus_name, person, emotion, level, sentence, view)
    assert meaning(Path(f"data/{corpus_name}_motion/{one.name}.npz")) == one


def test_what_was_tracked_is_the_same_recording(tmp_path: Path) -> None:
    mead(tmp_path / "MEAD", ("M003",), 5)
    touch(tmp_path / "mead_motion", "M003_front_angry_level3_002.npz", "M003_front_angry_level3_002.flac")
    touch(tmp_path / "mead_motion", "M003_front_angry_level3_002.mp4")
    found = recordings(tmp_path)
    assert len(found) == 30
    (one,) = (r for r in found if r.path_track is not None)
    assert one.path_video == tmp_path / "MEAD/M003/video/front/angry/level_3/002.mp4"
    assert one.path_audio == tmp_path / "mead_motion/M003_front_angry_level3_002.flac"


def test_mead_is_divided_eight_to_two_by_its_authors_rule(tmp_path: Path) -> None:
    mead(tmp_path, sentences=10)
    found = recordings(tmp_path)
    assert {r.sentence for r in found if r.split == "test"} == {"009", "010"}
    assert Counter(r.split for r in found) == {"train": 96, "test": 24}
    assert {r.person for r in found if r.split == "test"} == {"M003", "W009"}


persons = st.lists(st.from_regex(r"[MW][0-9]{3}", fullmatch=True), min_size=1, max_size=12, unique=True)


@given(persons, st.integers(1, 23), st.sampled_from(["clip", "person"]), st.randoms())
def test_no_clip_is_on_both_sides(people: list[str], sentences: int, by: str, rng: object) -> None:
    every = [
        Recording("mead", person, "angry", 1, f"{k:03d}", view)
        for person in people
        for k in range(sentences)
        for view in ("front", "top")
    ]
    divided = splits.divided(every, by)
    sides: dict[str, set[tuple[str, str]]] = {"train": set(), "test": set()}
    for r in divided:
        sides[r.split].add((r.person, r.sentence))
    assert not sides["train"] & sides["test"]
    assert len(sides["train"] | sides["test"]) == len(people) * sentences
    shuffled = list(every)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sorted(splits.divided(shuffled, by), key=lambda r: r.place) == sorted(
        divided, key=lambda r: r.place
    )
    if by == "clip":
        for person in people:
            assert abs(sum(p == person for p, _ in sides["test"]) - sentences * 0.2) <= 0.5
    else:
        assert not {p for p, _ in sides["train"]} & {p for p, _ in sides["test"]}
        assert len({p for p, _ in sides["test"]}) == len(people) // 5


def test_cremad_and_ravdess_are_divided_by_actor() -> None:
    actors = [Recording("cremad", f"{1001 + k}", "sad", 1, "DFA", "front") for k in range(91)]
    test = {r.person for r in splits.divided(actors) if r.split == "test"}
    assert len(test) == 18
    actors = [Recording("ravdess", f"actor{k:02d}", "sad", 1, "01-01-04", "front") for k in range(1, 25)]
    assert {r.person for r in splits.divided(actors) if r.split == "test"} == set(splits.RAVDESS_TEST)
    assert set(corpus.HELD_OUT_ACTORS) == {"actor_20", "actor_21", "actor_23", "actor_24"}


def labels(folder: Path, *, held_out: bool, by: str | None = None) -> Counter[tuple[str, str]]:
    return Counter((c.group, EMOTIONS[c.emotion]) for c in corpus.emotional(folder, held_out=held_out, by=by))


def test_emotional_speech_of_any_layout_is_heard(tmp_path: Path, make_sound: Make, make_video: Make) -> None:
    for k in range(5):  # MEAD: sound in files of their own, and at the end a video alone
        make_video(tmp_path / f"M003/audio/angry/level_3/{k:03d}.m4a", 0, sound_s=0.5)
        make_video(tmp_path / f"M003/video/front/angry/level_3/{k:03d}.mp4")
        make_video(tmp_path / f"M003/video/top/angry/level_3/{k:03d}.mp4")
    make_video(tmp_path / "W009/video/front/sad/level_1/001.mp4", sound_s=0.5)
    make_sound(tmp_path / "AudioWAV/1001_DFA_HAP_XX.wav", rate=44100)
    make_sound(tmp_path / "AudioWAV/1076_MTI_SAD_XX.wav", seconds=0.0)  # CREMA-D has such a one
    make_sound(tmp_path / "Actor_01/03-01-06-01-01-01-01.wav", rate=48000)
    make_sound(tmp_path / "Actor_24/03-01-06-01-01-01-24.wav", rate=48000)
    make_sound(tmp_path / "audio_25k/s1/bbaf2n.wav", rate=25000)
    trained = {("mead", "angry"): 4, ("mead", "sad"): 1, ("cremad", "happy"): 1, ("ravdess", "fear"): 1}
    assert labels(tmp_path, held_out=False) == trained
    assert labels(tmp_path, held_out=True) == {("mead", "angry"): 1, ("ravdess", "fear"): 1}
    assert labels(tmp_path, held_out=True, by="person") == {("ravdess", "fear"): 1}
    for clip in corpus.emotional(tmp_path, held_out=False):
        assert clip.frames == pytest.approx(25, abs=3)  # half a second, whatever the rate was
        assert np.abs(clip.samples).max() > 0.1
    make_sound(tmp_path / "grid_s1/train/bbaf2n.flac")
    assert [c.name for c in corpus.plain(tmp_path)] == ["bbaf2n", "bbaf2n"]
    assert [c.frames for c in corpus.plain(tmp_path, 2)] == [25]
    assert list(corpus.plain(tmp_path / "nowhere")) == []
    assert list(corpus.ravdess(tmp_path / "nowhere", held_out=True)) == []
    assert [c.name for c in corpus.ravdess(tmp_path, held_out=True)] == ["actor24_front_fear_level1_01-01-06"]


def test_what_cannot_be_heard_is_named(
    tmp_path: Path, make_sound: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    make_sound(tmp_path / "1001_DFA_HAP_XX.wav")
    touch(tmp_path, "1001_DFA_SAD_XX.wav")
    assert labels(tmp_path, held_out=False) == {("cremad", "happy"): 1}
    assert "left out 1: " in (told := capsys.readouterr().out)
    assert "1001_DFA_SAD_XX.wav" in told
