"""Phones in time: the file, labels at cue rate, articulatory classes, and how engines' symbols become ours."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.alphabets import FESTIVAL, IPA, KOKORO, RADIO, SAMPA, TRILLS, spell
from models.data.phones import (
    CLASSES,
    INDEX,
    PHONES,
    SILENCE,
    UNKNOWN,
    Phone,
    frame_labels,
    in_class,
    padded,
    phones_beside,
    read_phones,
    write_phones,
)
from models.training.spoken import phones_of

lengths = st.lists(st.tuples(st.sampled_from(PHONES), st.integers(1, 5000)), min_size=1, max_size=40)


def in_a_row(rows: list[tuple[str, int]]) -> list[Phone]:
    """Phones one after the other; lengths in tenths of a millisecond, as the file has them."""
    ends = np.cumsum([length for _, length in rows])
    return [
        Phone(float(end - length) / 1e4, float(end) / 1e4, name)
        for (name, length), end in zip(rows, ends, strict=True)
    ]


@given(rows=lengths)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("phones") / "a.phones"
    write_phones(path, in_a_row(rows))
    back = read_phones(path)
    assert [p.name for p in back] == [name for name, _ in rows]
    np.testing.assert_allclose([p.end_s for p in back], [p.end_s for p in in_a_row(rows)], atol=1e-9)
    assert not list(path.parent.glob("*.part"))


@given(text=st.text(max_size=60))
def test_any_text_is_read_or_named(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("phones") / "a.phones"
    path.write_text(text, "utf-8")
    phones: list[Phone] = []
    try:
        phones = read_phones(path)
    except ValueError as error:
        said = str(error)
    else:
        said = str(path)
    assert str(path) in said
    assert all(p.name in INDEX and 0 <= p.start_s <= p.end_s for p in phones)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0.1 0.2", "start_s end_s PHONE"),
        ("0.1 0.2 B extra", "4 fields"),
        ("0.1 x B", "start_s end_s PHONE"),
        ("0.1 0.2 QQ", "names QQ"),
        ("0.2 0.1 B", "follow each other"),
        ("0 nan B", "follow each other"),
        ("0 0.2 B\n0.1 0.3 AA", ":2 runs from 0.1"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "a.phones"
    path.write_text(line, "utf-8")
    with pytest.raises(ValueError, match=said):
        read_phones(path)


def test_labels_are_taken_at_the_middle_of_a_cue_frame() -> None:
    phones = [
        Phone(0.0, 0.029, "SIL"),
        Phone(0.029, 0.0501, "B"),
        Phone(0.0501, 0.07, "AA"),
        Phone(0.09, 0.11, "P"),
    ]
    names = [PHONES[label] if label != UNKNOWN else "" for label in frame_labels(phones, 7)]
    assert names == ["SIL", "B", "B", "", "P", "", ""]
    assert (frame_labels([], 3) == UNKNOWN).all()


@given(rows=lengths, frames=st.integers(0, 100))
def test_every_frame_has_the_phone_that_covers_it(rows: list[tuple[str, int]], frames: int) -> None:
    phones = in_a_row(rows)
    for frame, label in enumerate(frame_labels(phones, frames)):
        t = (frame + 0.5) / 50
        covering = [p for p in phones if p.start_s <= t < p.end_s]
        assert label == (INDEX[covering[0].name] if covering else UNKNOWN)


def test_classes_cover_the_inventory_and_lips_close_for_three() -> None:
    assert len(PHONES) == len(set(PHONES)) == 40
    assert PHONES[SILENCE] == "SIL"
    assert {phone for phones in CLASSES.values() for phone in phones} == set(PHONES)
    labels = np.array([INDEX[name] for name in ("M", "F", "AA", "SIL")] + [UNKNOWN])
    assert in_class(labels, "bilabial").tolist() == [True, False, False, False, False]
    assert in_class(labels, "labiodental").tolist() == [False, True, False, False, False]
    with pytest.raises(ValueError, match=r"labial2.*bilabial"):
        in_class(labels, "labial2")


@given(rows=lengths, shift=st.floats(-0.3, 0.3), total=st.floats(0.05, 3))
def test_padding_leaves_no_gap(rows: list[tuple[str, int]], shift: float, total: float) -> None:
    filled = padded(in_a_row(rows), shift, total)
    assert filled[0].start_s == 0
    assert filled[-1].end_s == pytest.approx(total, abs=2e-4)
    for before, after in pairwise(filled):
        assert after.start_s == before.end_s
        assert not before.name == after.name == "SIL"


def test_a_recording_finds_its_phones(tmp_path: Path) -> None:
    assert phones_beside(tmp_path / "a.flac") is None
    write_phones(tmp_path / "a.phones", [Phone(0, 1, "AA")])
    assert phones_beside(tmp_path / "a.flac") == tmp_path / "a.phones"


@pytest.mark.parametrize("table", [IPA, KOKORO, SAMPA, TRILLS, FESTIVAL, RADIO])
def test_tables_name_only_our_phones(table: dict[str, tuple[str, ...]]) -> None:
    assert {name for names in table.values() for name in names} <= set(PHONES)


@pytest.mark.parametrize(
    ("symbol", "table", "names"),
    [
        ("ɔːɹ", IPA, ("AO", "R")),
        ("ˈaɪɚ", IPA, ("AY", "ER")),
        ("tʃ", IPA, ("CH",)),
        ("ø", IPA, ("UH",)),
        ("ɑ̃", IPA, ("AA",)),
        ("O", KOKORO, ("OW",)),
        ("k_h", SAMPA, ("K",)),
        ("b_", SAMPA, ("B",)),
        ("@U", SAMPA, ("OW",)),
        ("rr", {**SAMPA, **TRILLS}, ("D",)),
        ("uh", RADIO, ("UH",)),
        ("uh", FESTIVAL, ("AH",)),
        ("ʔ", IPA, ()),
        ("☃", IPA, None),
    ],
)
def test_symbols(symbol: str, table: dict[str, tuple[str, ...]], names: tuple[str, ...] | None) -> None:
    assert spell(symbol, table) == names


def test_two_phones_in_one_symbol_share_its_time_and_a_silent_one_lengthens() -> None:
    phones = phones_of([(0.0, 0.2, "ɪɹ"), (0.2, 0.3, "ʔ"), (0.3, 0.4, "b")], IPA)
    assert phones == [Phone(0.0, 0.1, "IH"), Phone(0.1, 0.3, "R"), Phone(0.3, 0.4, "B")]
    assert phones_of([(0.0, 0.1, "☃")], IPA) is None
