"""A table of lines as spreadsheets save it: read as meant, and what is wrong is told with its line."""

from pathlib import Path

import pytest

from bridge.batch.manifest import ManifestError, read_manifest


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "lines.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_german_spreadsheets_table(tmp_path: Path, encoding: str, end: str) -> None:
    rows = [
        "File;Intensity;ACTOR;emotion;style;rig;",
        "a\\b.wav;1,5;Jürgen;Angry;;vrm1;",
        ";;;;;;",
        "c.wav;;;;reader;;",
    ]
    read = read_manifest(table(tmp_path, end.join(rows), encoding))
    assert read.faults == []
    first, second = read.rows
    assert (first.number, first.file, first.actor, first.rig) == (2, "a/b.wav", "Jürgen", "vrm1")
    assert first.direction == {"emotion": "angry", "intensity": 1.5}
    assert (second.number, second.direction, second.rig) == (4, {"style": "reader"}, None)


def test_commas_and_quotes(tmp_path: Path) -> None:
    (row,) = read_manifest(table(tmp_path, 'file,actor,intensity\n"a, b.wav",x,0.5\n')).rows
    assert (row.file, row.actor, row.direction) == ("a, b.wav", "x", {"intensity": 0.5})


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a.wav,merry,1,", "emotion is 'merry'; choose auto, angry"),
        ("a.wav,,9,", "intensity is 9; it must lie in 0..2"),
        ("a.wav,,much,", "intensity is 'much'; it must be a number"),
        ("a.wav,,,vrm7", "no rig 'vrm7'"),
        (",happy,,", "names no file"),
        ("A.wav,,1,,,5", "6 cells below 4 columns"),
        ("GOOD.wav,,1,", "GOOD.wav stands at line 2 already"),
    ],
)
def test_a_bad_row_is_told_and_the_others_stay(tmp_path: Path, line: str, says: str) -> None:
    read = read_manifest(table(tmp_path, f"file,emotion,intensity,rig\ngood.wav,,,\n{line}\nlast.wav,,,\n"))
    assert [row.file for row in read.rows] == ["good.wav", "last.wav"]
    (fault,) = read.faults
    assert fault.startswith(f"{tmp_path / 'lines.csv'}:3: ")
    assert says in fault


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"file,emotoin\nx.wav,sad\n", ":1: unknown column 'emotoin'; known: file, actor, emotion"),
        (b"actor,emotion\nx,sad\n", ":1: no column is named file"),
        (b"file,actor,actor\nx.wav,a,b\n", ":1: column actor is there twice"),
        (b"file\nx.wav\n\xe4.wav\n", ":3: not UTF-8"),
        (b"file\n", "has no line below its columns"),
        (b"", "no column is named file"),
        (b"PK\x03\x04\0\0", "is no text"),
        (b'file\n"x.wav\ny.wav\n', ":2: unexpected end of data"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_line(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "lines.csv"
    path.write_bytes(data)
    with pytest.raises(ManifestError) as error:
        read_manifest(path)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
