"""A tiny made-up person, from film to `facecue render`."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bridge.frames import rest_cues
from bridge.landmarks import INNER_LIPS, neutral_face
from bridge.portrait.camera import Camera
from bridge.portrait.painter import Painter, drawing_for
from bridge.portrait.person import (
    KEY,
    NETWORK,
    REFERENCE,
    PersonContract,
    PersonError,
    person_of,
    read_person_contract,
    read_reference,
)
from models.data.people import TRAIN, VAL, Clip, Person, build, face_crop, read_person
from models.data.tracks import read_track

torch = pytest.importorskip("torch")
av = pytest.importorskip("av", reason="PyAV is not installed: pip install 'facecue[studio]'")

from export.person import export  # noqa: E402
from models.renderer.attention import Cbam  # noqa: E402
from models.renderer.lessons import Lessons, weights_of  # noqa: E402
from models.renderer.reference import contract_for  # noqa: E402
from models.renderer.translator import Translator, TranslatorConfig  # noqa: E402
from models.renderer.vgg import Vgg, read_vgg  # noqa: E402

pytestmark = pytest.mark.torch
FRAMES = 8
SMALL = TranslatorConfig(widths=(4, 4, 8, 8, 8))


def irises() -> np.ndarray:
    rim = np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [-0.5, 0, 0], [0, -0.5, 0]])
    eyes = [neutral_face()[list(e)].mean(0) + rim for e in (range(36, 42), range(42, 48))]
    return np.concatenate(eyes).astype(np.float32)


def filmed(folder: Path, name: str, split: int, silent: bool = False) -> Clip:
    """A grey head on blue whose mouth opens, 320 × 240, and its track."""
    camera = Camera(np.eye(3, dtype=np.float32), 7.0, np.array([150, 120], np.float32))
    landmarks = np.repeat(neutral_face()[None], FRAMES, 0)
    landmarks[:, list(INNER_LIPS)[5:], 1] -= np.linspace(0, 1.5, FRAMES, dtype=np.float32)[:, None]
    with av.open(str(folder / f"{name}.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for k in range(FRAMES):
            picture = np.full((240, 320, 3), (40, 60, 160), np.uint8)
            picture[50:200, 90:210] = (150, 130, 120)
            picture[150 : 152 + 3 * k, 130:170] = (60, 20, 20)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    ok = np.ones(FRAMES, bool)
    ok[-1] = False
    np.savez(
        folder / f"{name}.npz", ok=ok, size=np.array([320, 240]), fps=np.float32(25),
        time_s=(np.arange(FRAMES) + 0.5).astype(np.float32) / 25, landmarks=landmarks,
        iris=np.repeat(irises()[None], FRAMES, 0), pose=np.repeat(np.eye(4, dtype=np.float32)[None], FRAMES, 0),
        pixels=camera.seen(landmarks),
    )  # fmt: skip
    sound = None
    if not silent:
        import soundfile

        sound = folder / f"{name}.flac"
        soundfile.write(sound, np.zeros(5120, np.float32), 16_000)
    return Clip(folder / f"{name}.mp4", folder / f"{name}.npz", sound, split)


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Person:
    folder = tmp_path_factory.mktemp("film")
    clips = [filmed(folder, "a", TRAIN), filmed(folder, "b", TRAIN, silent=True), filmed(folder, "c", VAL)]
    build(clips, folder / "person")
    return read_person(folder / "person")


def contract(person: Person) -> tuple[PersonContract, int]:
    return contract_for(
        person, "nobody", gaze=True, consent="none is needed: drawn", trained_on="a test", licence="CC0"
    )


def test_frames_with_a_face_are_kept_with_where_it_is(person: Person) -> None:
    assert person.frames.shape == (3 * (FRAMES - 1), 256, 256, 3)
    assert person.clip.tolist() == [k for k in range(3) for _ in range(FRAMES - 1)]
    assert person.of(VAL).tolist() == list(range(14, 21))
    assert np.diff(person.sound_at).tolist() == [5120, 0, 5120]
    seen = person.camera(3).seen(person.landmarks[3])
    assert seen.min() > 0
    assert seen.max() < 256
    middle = seen[list(range(48, 68))].mean(0).round().astype(int)
    assert (
        person.frames[6][middle[1], middle[0]].max() < 100
    )  # the dark of the open mouth lies under the lips


def test_a_crop_stays_inside_the_picture() -> None:
    pixels = np.full((5, 68, 2), 300.0) + np.random.default_rng(0).uniform(-60, 60, (5, 68, 2))
    left, top, side = face_crop(pixels, 360, 288)
    assert left >= 0
    assert top >= 0
    assert left + side <= 360 + 1e-3
    assert top + side <= 288 + 1e-3


def test_no_face_at_all_is_told(tmp_path: Path) -> None:
    clip = filmed(tmp_path, "a", TRAIN)
    with np.load(clip.track) as track:
        np.savez(clip.track, **{**track, "ok": np.zeros(FRAMES, bool)})
    with pytest.raises(ValueError, match="no clip shows a face"):
        build([clip], tmp_path / "person")
    with pytest.raises(ValueError, match="holds no prepared person"):
        read_person(tmp_path / "person")


def test_the_track_of_a_film_is_one_that_recipes_read(tmp_path: Path) -> None:
    assert len(read_track(filmed(tmp_path, "a", TRAIN).track).time_s) == FRAMES - 1


def test_attention_weighs_and_keeps_the_shape() -> None:
    x = torch.randn(2, 16, 8, 8)
    y = Cbam(16)(x)
    assert y.shape == x.shape
    assert (y.abs() <= x.abs()).all()  # both gates lie between 0 and 1


@pytest.mark.parametrize("attention", [True, False])
def test_a_new_translator_nearly_copies_its_reference(attention: bool) -> None:
    model = Translator(replace(SMALL, attention=attention)).eval()
    assert any(isinstance(m, Cbam) for m in model.modules()) is attention
    x = torch.rand(1, 9, 64, 64)
    with torch.no_grad():
        made = model(x)
    assert made.shape == (1, 3, 64, 64)
    assert (made - x[:, 3:6]).abs().mean() < 0.05


def test_lessons_show_what_lies_under_the_crop(person: Person) -> None:
    batch = next(iter(Lessons(person, person.of(TRAIN), 4, 128, gaze=True, seed=0)))
    assert batch.given.shape == (4, 9, 128, 128)
    assert batch.wanted.shape == (4, 3, 128, 128)
    assert float(batch.given.max()) <= 1
    weights = weights_of(person.camera(0).seen(person.landmarks[0]))
    assert weights.mean() == pytest.approx(1, abs=1e-3)
    middle = person.camera(0).seen(person.landmarks[0])[62].astype(int)
    assert weights[middle[1], middle[0]] > 3 * weights[2, 2]


def test_it_learns(person: Person) -> None:
    torch.manual_seed(0)
    model = Translator(SMALL)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    lessons = iter(Lessons(person, person.of(TRAIN), 4, 64, gaze=True, seed=0))
    losses = []
    batch = next(lessons)
    for _ in range(30):
        loss = (model(batch.given) - batch.wanted).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * losses[0]


def test_the_reference_is_a_face_at_rest(person: Person) -> None:
    said, reference = contract(person)
    assert reference in person.of(TRAIN)
    mouth = np.array(said.neutral)[[62, 66], 1]
    assert mouth[0] - mouth[1] < 0.6  # of 1.5 cm at most


def test_the_exported_person_paints_what_torch_paints(person: Person, tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = Translator(SMALL)
    torch.nn.init.normal_(model.out.weight, std=20.0)
    said, reference = contract(person)
    assert export(model, said, tmp_path / NETWORK) <= 2
    Image.fromarray(np.asarray(person.frames[reference])).save(tmp_path / REFERENCE)
    painter = Painter.load(tmp_path, "cpu")
    assert painter.person.contract == said
    cues = rest_cues(0, neutral_face())
    opened = cues.landmarks.copy()
    opened[list(INNER_LIPS)[5:], 1] -= 1.0
    rest, talking = painter(cues), painter(cues.with_(landmarks=opened))
    assert rest.shape == (256, 256, 3)
    assert rest.dtype == np.uint8
    assert not np.array_equal(rest, talking)
    assert np.array_equal(rest, painter(cues))


def test_gaze_and_head_are_seen_in_the_drawing(person: Person) -> None:
    said, _ = contract(person)
    painted = person_of(said, np.zeros((256, 256, 3), np.uint8))
    cues = rest_cues(0, neutral_face())
    rest = drawing_for(painted, cues)
    left = drawing_for(painted, cues.with_(gaze=np.full((2, 2), [0.4, 0], np.float32)))
    columns = np.arange(256)

    def middle(picture: np.ndarray, channel: int) -> float:
        mass = picture[:, :, channel].astype(float).sum(0)
        return float((mass * columns).sum() / mass.sum())

    assert middle(left, 1) > middle(rest, 1) + 1  # the subject's left is the picture's right
    assert middle(left, 2) == pytest.approx(middle(rest, 2))
    turned = cues.with_(head_rotation=np.array([0, np.sin(0.2), 0, np.cos(0.2)], np.float32))
    assert middle(drawing_for(painted, turned), 2) > middle(rest, 2) + 3
    assert np.array_equal(drawing_for(painted, turned, head=0.0), rest)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 7}, "version 7; this facecue needs 1"),
        ({"neutral": [[0, 0, 0]]}, r"neutral is not \(68, 3\)"),
        ({"scale": float("nan")}, "scale is not a number"),
        ({"shift": "left"}, "shift is not"),
    ],
)
def test_what_a_person_says_of_itself_is_checked(
    person: Person, change: dict[str, object], says: str
) -> None:
    raw = {**json.loads(contract(person)[0].to_json()), **change}
    with pytest.raises(PersonError, match=says):
        read_person_contract(json.dumps(raw), "x.onnx")


def test_other_files_are_refused_in_a_line(tmp_path: Path) -> None:
    for text, says in ((None, f"carries no {KEY}"), ("[]", "does not say its"), ("{", "not JSON")):
        with pytest.raises(PersonError, match=says):
            read_person_contract(text, "x.onnx")
    with pytest.raises(PersonError, match=r"person\.onnx is not there"):
        Painter.load(tmp_path)
    Image.new("RGB", (30, 40)).save(tmp_path / REFERENCE)
    with pytest.raises(PersonError, match="30 × 40; 256 × 256 is needed"):
        read_reference(tmp_path / REFERENCE)
    (tmp_path / REFERENCE).write_text("no picture")
    with pytest.raises(PersonError, match="is no picture"):
        read_reference(tmp_path / REFERENCE)


def test_vgg_of_torchvision_and_of_keras_agree(tmp_path: Path) -> None:
    import onnx
    from onnx import numpy_helper

    from models.renderer.vgg import DEVIATION

    torch.manual_seed(0)
    vgg = Vgg(16, stages=5)
    kernels = [m for m in vgg.modules() if isinstance(m, torch.nn.Conv2d)]
    state = {f"features.{k}.{n}": getattr(m, n) for k, m in enumerate(kernels) for n in ("weight", "bias")}
    torch.save(state, tmp_path / "vgg.pt")
    names = [f"block{s}_conv{c}" for s, count in enumerate((2, 2, 3, 3, 3), 1) for c in range(1, count + 1)]
    values = []
    for name, m in zip(names, kernels, strict=True):
        weight = m.weight.data
        if name == "block1_conv1":
            weight = (weight / (255.0 * torch.tensor(DEVIATION).view(1, 3, 1, 1))).flip(1)
        values.append(numpy_helper.from_array(weight.numpy(), f"functional_1/{name}_1/convolution/x:0"))
        values.append(numpy_helper.from_array(m.bias.data.numpy(), f"functional_1/{name}_1/Squeeze:0"))
    graph = onnx.helper.make_graph([], "g", [], [], initializer=values[::-1])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "vgg.onnx")
    x = torch.rand(1, 3, 32, 32)
    for path in (tmp_path / "vgg.pt", tmp_path / "vgg.onnx"):
        for a, b in zip(read_vgg(path)(x), vgg(x), strict=False):
            assert torch.allclose(a, b, atol=1e-4)
    torch.save({"a": torch.zeros(3, 3, 3, 3), "b": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="no VGG-16 or VGG-19"):
        read_vgg(tmp_path / "other.pt")


def test_trained_exported_and_rendered_by_the_commands(person: Person, tmp_path: Path) -> None:
    folder = Path(person.frames.filename).parent  # type: ignore[attr-defined]
    out = tmp_path / "nobody"
    train = [sys.executable, "-m", "models.training.renderer", "--person", str(folder), "-o", str(out),
             "--widths", "4,4,8,8,8", "--steps", "4", "--every", "2", "--batch", "2"]  # fmt: skip
    refused = subprocess.run(train, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "trained only with consent" in refused.stderr
    train += ["--consent", "none is needed: drawn"]
    done = subprocess.run(train, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "held out" in done.stdout
    assert {"person.onnx", "reference.png", "card.md", "sheet_000004.png"} <= {p.name for p in out.iterdir()}
    assert "none is needed: drawn" in (out / "card.md").read_text()
    resumed = subprocess.run([*train, "--steps", "6"], capture_output=True, text=True)
    assert "resumed at step 4" in resumed.stdout
    film = tmp_path / "line.mp4"
    clip = next((Path(__file__).parents[2] / "bridge/sources/demo").glob("*.flac"))
    render = [
        sys.executable,
        "-m",
        "bridge",
        "render",
        str(clip),
        "--person",
        str(out),
        "-o",
        str(film),
        "--mark",
    ]
    made = subprocess.run(render, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert "a second on cpu" in made.stdout
    with av.open(str(film)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert float(video.duration * video.time_base) == pytest.approx(
            float(audio.duration * audio.time_base), abs=0.1
        )
        assert container.metadata["comment"].startswith("Synthetic")
