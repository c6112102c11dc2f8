"""`facecue rig` as a person meets it, and takes read back."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bridge import cli
from bridge.frames import RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.rigs import load_rig, rig_names
from bridge.rigs.check import examined, poses, unread
from bridge.takes import TakeError, open_take
from bridge.takes.reading import frames_of


def run(*arguments: object) -> int:
    return cli.run([str(argument) for argument in arguments])


def take(path: Path, count: int = 60) -> Path:
    """A take whose jaw opens and shuts."""
    with open_take(path, "npz") as made:
        for n in range(count):
            weights = np.zeros(52, np.float32)
            weights[24] = 0.5 + 0.5 * np.sin(n / 4)
            landmarks = neutral_face().copy()
            landmarks[65:68, 1] -= 2 * weights[24]
            made.add(RigFrame(rest_cues(n, neutral_face()).with_(landmarks=landmarks), weights, 0.0))
    return path


def test_the_rigs_that_ship_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rig", "list") == 0
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()] == list(rig_names())
    for name in ("metahuman", "microsoft22", "openseeface"):
        assert "approximate" in next(line for line in said.splitlines() if line.startswith(name))


def test_a_table_is_tried_on_a_take(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "mine.toml"
    table.write_text(
        "title = 'Mine'\n[curves]\nJaw = 'jawOpen'\nPuff = 'cheekPuff'\n[curves.Never]\n[curves.Hard]\n"
        "weights = { jawOpen = 9 }\n[curves.Edge]\nweights = { jawOpen = -1 }\noffset = -1\nmin = -1\n"
        "[curves.Both]\nweights = { jawOpen = 1000 }\noffset = -500\n"
        "[bones.Chin]\nunit = 'degrees'\npitch = { weights = { jawOpen = -20 } }\n",
        encoding="utf-8",
    )
    assert run("rig", "check", table, "--take", take(tmp_path / "t.npz")) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "0.00 … 1.00" in lines["Jaw"]
    assert "-19.97 … -0.00" in lines["Chin"]
    assert "still here; single weights or emotions move it" in lines["Puff"]
    assert "never moves" in lines["Never"]
    assert "at its max in" in lines["Hard"]
    assert "always at a limit" in lines["Both"]
    assert "never moves" in lines["Edge"]
    assert "jawOpen" not in lines["not"]
    assert "browInnerUp" in lines["not"]


def test_a_shipped_rig_is_tried_on_the_bundled_speech(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rig", "check", "rhubarb9") == 0
    said = capsys.readouterr().out
    assert "Rhubarb" in said
    assert not [
        line for line in said.splitlines() if line.startswith(("A ", "B ", "C ", "D ")) and "…" not in line
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["check", "mine.toml"], 1, "mine.toml:2: unknown weight 'jawOpne'; did you mean jawOpen?"),
        (["check", "nothing"], 1, "no rig 'nothing'; shipped: arkit52"),
        (["check", "vrm1", "--take", "mine.toml"], 1, "mine.toml is no npz take"),
        (["check", "vrm1", "--take", "gone.npz"], 1, "gone.npz: No such file"),
        (["learn", "few.csv", "-o", "out.toml"], 1, "2 different poses are too few"),
        (["learn", "few.csv", "-o", "mine.toml"], 1, "mine.toml is there already; --force"),
        (["visemes", "few.csv", "-o", "out.tsv"], 1, "few.csv is no npz take"),
        (["chek"], 2, "(facecue rig --help lists what there is)"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], code: int, says: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text("[curves]\na = 'jawOpne'\n", encoding="utf-8")
    Path("few.csv").write_text("jawOpen,curve:a\n0,0\n1,1\n", encoding="utf-8")
    assert run("rig", *arguments) == code
    said = capsys.readouterr().err
    assert said.startswith("facecue: ")
    assert said.count("\n") == 1
    assert says in said
    assert {path.name for path in tmp_path.iterdir()} == {"mine.toml", "few.csv"}


def test_a_table_is_learned_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs, out = tmp_path / "robot.csv", tmp_path / "robot.toml"
    pairs.write_text("jawOpen,happy,curve:Mouth\n0,0,0\n1,0,0.8\n0.5,0,0.4\n0,1,0\n", encoding="utf-8")
    assert run("rig", "learn", pairs, "-o", out) == 0
    assert "Mouth misses by 0.000" in capsys.readouterr().out
    assert load_rig(out).title == "robot"
    assert run("rig", "learn", pairs, "-o", out, "--title", "Other", "--force") == 0
    assert load_rig(out).title == "Other"


def test_visemes_of_a_take_are_rhubarbs_lines(tmp_path: Path) -> None:
    out = tmp_path / "x.tsv"
    assert run("rig", "visemes", take(tmp_path / "t.npz", 200), "-o", out) == 0
    rows = [line.split("\t") for line in out.read_text(encoding="utf-8").splitlines()]
    times = [float(row[0]) for row in rows]
    assert times[0] == 0
    assert times[-1] == 4.0
    assert all(b - a >= 0.139 for a, b in pairwise(times))
    assert {row[1] for row in rows} <= set(load_rig("rhubarb9").names)
    assert len(rows) > 4


def test_a_take_is_read_as_it_was_written(tmp_path: Path) -> None:
    frames = list(frames_of(take(tmp_path / "t.npz", 5)))
    assert [frame.cues.n for frame in frames] == [0, 1, 2, 3, 4]
    assert frames[2].cues.time_s == pytest.approx(0.05)
    assert frames[0].weights[24] == pytest.approx(0.5)
    with np.load(tmp_path / "t.npz") as data:
        arrays = dict(data)
    for key, value, says in (
        ("landmarks", None, "lacks landmarks"),
        ("gaze", np.zeros((4, 2, 2)), "gaze are not as in a take"),
        ("arkit_names", np.array(["a"]), "arkit_names are not"),
        ("emotion", np.array([{}], object), "no npz take"),
    ):
        broken = {k: v for k, v in arrays.items() if k != key} | ({} if value is None else {key: value})
        np.savez(tmp_path / "b.npz", **broken)
        with pytest.raises(TakeError, match=says):
            list(frames_of(tmp_path / "b.npz"))


def test_every_shipped_curve_moves_unless_its_table_says_why() -> None:
    still = {
        name: [r.name for r in examined(load_rig(name), poses()) if r.note.startswith("never")]
        for name in rig_names()
    }
    lips = {"A", "PP", "21"}  # need a jaw that is open under lips that are shut, and landmarks of both
    rounded = {"E", "F", "3", "5", "7", "8", "13", "RR", "oh", "ou"}  # need pucker and a gap
    unseen = {"9", "10", "11", "12", "14", "17"}  # tongues and gliding vowels
    assert unseen <= set(still["microsoft22"])
    for name, curves in still.items():
        assert set(curves) <= (lips | rounded | unseen if load_rig(name).table.rest else set()), name
    assert "jawOpen" in unread(load_rig("openseeface"))
    with pytest.raises(ValueError, match="no frame"):
        examined(load_rig("vrm1"), [])
