"""Emotional corpora as they are downloaded: a folder → recordings with person, emotion, sentence and view.

A file is known by its own path, so that a folder may hold one corpus, several, or one person of one:

* MEAD (Wang et al. 2020, as its download page packs it): `M003/video/front/angry/level_1/001.mp4` and
  `M003/audio/angry/level_1/001.m4a`; seven views, levels 1–3, neutral has level 1 alone.
* CREMA-D (Cao et al. 2014, its repository): `VideoFlash/1001_DFA_ANG_XX.flv`, `AudioWAV/1001_DFA_ANG_XX.wav`.
* RAVDESS (Livingstone and Russo 2018, Zenodo 1188976): `Actor_01/01-01-03-02-01-01-01.mp4`; modality (01 with
  sound, 02 without, 03 sound alone), channel, emotion, intensity, statement, repetition, actor. Songs are left out.
* GRID (Cooke et al. 2006, its download page): `s1/bbaf2n.mpg`, also below `video` and `mpg_6000`;
  `audio_25k/s1/bbaf2n.wav`. All neutral.

What `models.data.track` made of them, `mead_motion/M003_front_angry_level1_001.npz` and its sound, is the same
recording as the file that it was made of.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bridge.frames import EMOTIONS
from models.data import splits

SOUNDS = (".flac", ".ogg", ".wav", ".m4a", ".mp3", ".aac")
VIDEOS = (".mp4", ".mpg", ".mpeg", ".flv", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mp4v")
VIEWS = ("front", "down", "top", "left_30", "left_60", "right_30", "right_60")
"""MEAD's cameras; the other corpora have one, in front."""
CREMAD_EMOTIONS = {
    "ANG": "angry", "DIS": "disgusted", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad",
}  # fmt: skip
CREMAD_LEVELS = {"X": 0, "XX": 0, "LO": 1, "MD": 2, "HI": 3}
RAVDESS_EMOTIONS = {
    1: "neutral", 2: "neutral", 3: "happy", 4: "sad", 5: "angry", 6: "fear", 7: "disgusted", 8: "surprised",
}  # fmt: skip
"""RAVDESS's third field → ours; calm counts as neutral, contempt is not there."""
KNOWN = {
    "mead": "M003/video/front/angry/level_1/001.mp4, M003/audio/angry/level_1/001.m4a",
    "cremad": "VideoFlash/1001_DFA_ANG_XX.flv, AudioWAV/1001_DFA_ANG_XX.wav",
    "ravdess": "Actor_01/01-01-03-02-01-01-01.mp4, Actor_01/03-01-03-02-01-01-01.wav",
    "grid": "s1/bbaf2n.mpg, audio_25k/s1/bbaf2n.wav",
}
"""Name of a layout → what its files look like."""

_EMOTION = "|".join(EMOTIONS)
_PATTERNS = {
    "mead": re.compile(
        rf"(?P<person>[MW]\d{{3}})/(?:video/(?P<view>{'|'.join(VIEWS)})|audio)/(?P<emotion>{_EMOTION})"
        r"/level_(?P<level>\d)/(?P<sentence>\d+)$"
    ),
    "cremad": re.compile(
        rf"(?:^|/)(?P<person>\d{{4}})_(?P<sentence>[A-Z]{{3}})_(?P<emotion>{'|'.join(CREMAD_EMOTIONS)})"
        r"_(?P<level>LO|MD|HI|XX?)$"
    ),
    "ravdess": re.compile(
        r"(?:^|/)(?P<modality>0[123])-(?P<channel>0[12])-(?P<emotion>0[1-8])-(?P<level>0[12])"
        r"-(?P<statement>0[12])-(?P<take>0[12])-(?P<person>\d\d)$"
    ),
    "grid": re.compile(
        r"(?:^|/)(?P<person>s\d{1,2})/(?:video/)?(?:mpg_\w+/)?(?P<sentence>[blps][bgrw][abiw][a-z][z1-9][anps])$"
    ),
    "tracked": re.compile(
        r"(?:^|/)(?P<corpus>mead|cremad|ravdess)_motion/(?P<person>[A-Za-z0-9]+)_"
        rf"(?P<view>{'|'.join(VIEWS)})_(?P<emotion>{_EMOTION})_level_?(?P<level>\d)_(?P<sentence>[\w-]+)$"
    ),
}


@dataclass(frozen=True, slots=True)
class Recording:
    """One sentence, said once, seen by one camera."""

    corpus: str
    """mead, cremad, ravdess or grid."""
    person: str
    emotion: str | None
    """One of EMOTIONS."""
    intensity: int
    """The corpus's own number: MEAD and CREMA-D 1–3, RAVDESS 1–2; 0 where none is stated."""
    sentence: str
    """What was said, and which take of it: unique within person, emotion and intensity."""
    view: str
    """One of VIEWS; empty where there is sound alone."""
    path_video: Path | None = None
    path_audio: Path | None = None
    """The sound in a file of its own; a video may have another inside."""
    path_track: Path | None = None
    split: str = "train"
    """train or test, by `models.data.splits`."""

    @property
    def name(self) -> str:
        """File name without suffix for what is made of it: unique within a corpus, and read back by this room."""
        if self.corpus == "grid":
            return self.sentence
        said = f"{self.emotion}_level{self.intensity}_{self.sentence}"
        return f"{self.person}_{self.view or 'front'}_{said}"

    @property
    def path_sound(self) -> Path | None:
        """Where to hear it: its own file, else the video's."""
        return self.path_audio or self.path_video

    @property
    def place(self) -> tuple[str, str, str, int, str, str]:
        """Sorts recordings, and tells them apart."""
        return (
            self.corpus,
            self.person,
            self.emotion or "",
            self.intensity,
            self.sentence,
            f"{self.view != 'front':d}{self.view}",
        )


def files(folder: Path) -> Iterator[Path]:
    """All files below a folder; linked folders are entered, each only once."""
    seen: set[str] = set()
    for at, inner, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(at)
        if real in seen:
            inner.clear()
            continue
        seen.add(real)
        inner.sort()
        yield from (Path(at) / name for name in sorted(names) if not name.startswith("."))


def meaning(path: Path, layouts: Iterable[str] = _PATTERNS) -> Recording | None:
    """What a file's path says by one of the layouts; None if it says nothing to them. No paths are set."""
    text = path.with_suffix("").as_posix()
    for layout in layouts:
        found = _PATTERNS[layout].search(text)
        if not found:
            continue
        said = found.groupdict()
        if layout == "cremad":
            emotion, level = CREMAD_EMOTIONS[said["emotion"]], CREMAD_LEVELS[said["level"]]
            return Recording("cremad", said["person"], emotion, level, said["sentence"], "front")
        if layout == "ravdess":
            if said["channel"] == "02":
                continue
            # calm and neutral are one emotion here, so the field itself stays in the sentence
            sentence = f"{said['statement']}-{said['take']}-{said['emotion']}"
            emotion = RAVDESS_EMOTIONS[int(said["emotion"])]
            return Recording(
                "ravdess", f"actor{said['person']}", emotion, int(said["level"]), sentence, "front"
            )
        if layout == "grid":
            return Recording("grid", said["person"], "neutral", 0, said["sentence"], "front")
        corpus = said.get("corpus") or layout
        view = said["view"] or ""
        return Recording(corpus, said["person"], said["emotion"], int(said["level"]), said["sentence"], view)
    return None


def _made(path: Path) -> bool:
    """Whether the file lies among tracks."""
    return path.parent.name.endswith("_motion")


def _better(known: Path | None, path: Path) -> Path:
    """Of two videos of one recording the one with sound: RAVDESS has each also without."""
    return path if known is None or re.match(r"02-0\d-", path.name) is None else known


def recordings(folder: Path, layout: str = "auto", *, by: str | None = None) -> list[Recording]:
    """All recordings of one layout, or of every one that is there, sorted.

    Args:
        folder: holds a corpus, several, or a part of one.
        layout: a name in `KNOWN`, or auto.
        by: clip or person: the rule that divides training and test; None: each corpus's own (`splits.RULES`).

    Raises:
        FileNotFoundError: if the folder holds no recording in a layout that is asked for.
        ValueError: if the layout or the rule has no such name.
    """
    if layout not in (*KNOWN, "auto"):
        raise ValueError(f"layout {layout!r} is not known: give auto, {', '.join(KNOWN)}")
    asked = tuple(_PATTERNS) if layout == "auto" else (layout, "tracked")
    seen: dict[tuple[str, str, str, int, str, str], Recording] = {}
    sounds: dict[tuple[str, str, str, int, str], tuple[Recording, Path]] = {}
    for path in files(folder.absolute()):
        suffix = path.suffix.lower()
        if suffix not in (*SOUNDS, *VIDEOS, ".npz") or (suffix in VIDEOS and _made(path)):
            continue
        found = meaning(path, asked)
        if found is None or layout not in ("auto", found.corpus):
            continue
        if suffix in SOUNDS:
            known = sounds.get(found.place[:-1])
            if known is None or _made(path):  # a track's own sound is at 16 kHz already
                sounds[found.place[:-1]] = found, path
            continue
        known_one = seen.get(found.place, found)
        if suffix == ".npz":
            known_one = replace(known_one, path_track=path)
        else:
            known_one = replace(known_one, path_video=_better(known_one.path_video, path))
        seen[found.place] = known_one
    heard = {place[:-1] for place in seen}
    every = [
        replace(found, path_audio=sounds[place[:-1]][1]) if place[:-1] in sounds else found
        for place, found in seen.items()
    ]
    every += [
        replace(found, path_audio=path) for place, (found, path) in sounds.items() if place not in heard
    ]
    if not every:
        looks = "".join(f"\n  {name}: {example}" for name, example in KNOWN.items())
        asked_for = "a known layout" if layout == "auto" else f"the layout of {layout}"
        raise FileNotFoundError(f"{folder} holds no recording in {asked_for}; known are{looks}")
    every.sort(key=lambda recording: recording.place)
    return splits.divided(every, by)
