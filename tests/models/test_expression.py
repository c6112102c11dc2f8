"""What a feeling does to a face: targets from tracks, the textbook, the losses, and who reads it."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bridge import landmarks as face  # noqa: E402
from bridge.frames import EMOTIONS  # noqa: E402
from models.collaborative import Collaborative  # noqa: E402
from models.data import showings  # noqa: E402
from models.data.prototypes import UNITS, prototypes  # noqa: E402
from models.evaluation.faces import Judge, filmed, strangers  # noqa: E402
from models.expression import COMPONENTS, Expression, felt, gapless, mouth_of  # noqa: E402
from models.losses import Relations, lip_gap  # noqa: E402
from models.training import expression  # noqa: E402
from models.training.expression import centred, groups_of, train, windows  # noqa: E402

pytestmark = pytest.mark.torch
HAPPY, ANGRY, NEUTRAL = (EMOTIONS.index(e) for e in ("happy", "angry", "neutral"))
ONE = torch.ones(1, 1, 1)


def shape_table(path: Path, *, without: str = "") -> Path:
    """A table of every shape that is named, each moving one brow point of its side up by 1 cm."""
    named = sorted({shape for units in UNITS.values() for shape in units})
    names = [
        full
        for shape in named
        for full in ([shape] if shape[-2:] in ("_L", "_R") else [f"{shape}_L", f"{shape}_R"])
        if shape != without
    ]
    names = sorted(set(names))
    delta = np.zeros((len(names), 68, 3), np.float32)
    for i, name in enumerate(names):
        delta[i, 22 if name.endswith("_L") else 21, 1] = 1.0
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, neutral=np.zeros((68, 3), np.float32), delta=delta, names=np.array(names))
    return path


def test_a_certain_emotion_is_shown_whole_and_a_shrug_not_at_all() -> None:
    certain = torch.zeros(1, 1, 8)
    certain[..., HAPPY] = 1.0
    shares, strength = felt(certain, ONE)
    assert float(shares[0, 0, HAPPY]) == pytest.approx(1.0, abs=1e-3)
    assert float(strength) == pytest.approx(1.0)
    assert float(felt(certain, 2 * ONE)[1]) == pytest.approx(2.0)
    assert float(felt(torch.full((1, 1, 8), 0.125), ONE)[1]) == 0.0
    leaning = torch.full((1, 1, 8), 0.68 / 7)
    leaning[..., HAPPY] = 0.32
    shares, strength = felt(leaning, ONE)
    assert float(shares[0, 0, HAPPY]) > 0.8  # a face shows one thing more than a voice does
    assert float(shares.sum()) == pytest.approx(1.0)
    assert 0.5 < float(strength) < 1.0


def test_components_keep_the_lip_gap_and_articulation_keeps_closed_lips_closed() -> None:
    torch.manual_seed(0)
    model = Expression(gapless(torch.randn(COMPONENTS, 204).numpy()))
    model.articulation.fill_(0.3)
    content = torch.zeros(1, 6, 68, 3)
    content[:, 3:, list(face.GAP_LOWER), 1] = -1.0  # the lips part in the second half
    emotion = torch.eye(8)[HAPPY].expand(1, 6, 8)
    gesture = torch.zeros(1, 6, 10)
    with torch.no_grad():
        state = model.initial_state(1) | {"expression_felt": emotion[:, :1]}
        moved, _, _, _ = model(emotion, ONE.expand(1, 6, 1), content, gesture, state)
    gap = lip_gap(content + moved).mean(-1)[0]
    torch.testing.assert_close(gap[:3], torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(gap[3:], torch.full((3,), 1.3), atol=1e-5, rtol=0)
    assert float(moved.abs().max()) > 0.1
    assert mouth_of(content)[0, :, 0].tolist() == pytest.approx([0, 0, 0, 1, 1, 1])


def test_an_expression_comes_in_human_time() -> None:
    torch.manual_seed(0)
    model = Expression(torch.randn(COMPONENTS, 204).numpy())
    emotion = torch.eye(8)[ANGRY].expand(1, 50, 8)
    still = torch.zeros(1, 50, 68, 3)
    with torch.no_grad():
        model.mlp[-1].weight.zero_()
        model.mlp[-1].bias.zero_()
        moved, _, _, _ = model(
            emotion, ONE.expand(1, 50, 1), still, torch.zeros(1, 50, 10), model.initial_state(1)
        )
    size = moved[0].flatten(1).norm(dim=1) / moved[0, -1].norm()
    assert float(size[2]) < 0.4  # 60 ms in
    assert 0.8 < float(size[16]) < 0.95  # a third of a second
    assert bool((size[1:] >= size[:-1] - 1e-6).all())


def test_nothing_of_it_is_left_at_strength_nought() -> None:
    torch.manual_seed(0)
    model = Expression(torch.randn(COMPONENTS, 204).numpy())
    model.gaze.normal_()
    emotion = torch.eye(8)[ANGRY].expand(1, 4, 8)
    with torch.no_grad():
        given = (emotion, torch.zeros(1, 4, 1), torch.randn(1, 4, 68, 3), torch.randn(1, 4, 10))
        moved, gaze, head, _ = model(*given, model.initial_state(1))
    for part in (moved, gaze, head):
        assert float(part.abs().max()) == 0.0


def test_the_textbook_names_shapes_that_the_table_must_have(tmp_path: Path) -> None:
    made = prototypes(shape_table(tmp_path / "t.npz"))
    assert made.shape == (8, 68, 3)
    assert not made[NEUTRAL].any()
    contempt = made[EMOTIONS.index("contempt"), :, 1]
    assert contempt[22] > contempt[21] > 0  # one side of the face
    assert made[HAPPY, 22, 1] == made[HAPPY, 21, 1] == pytest.approx(sum(UNITS["happy"].values()))
    with pytest.raises(ValueError, match="has no shape browDown; it has"):
        prototypes(shape_table(tmp_path / "u.npz", without="browDown"))


def test_what_talking_explains_is_taken_out(data_folder: Path) -> None:
    clips = {clip.emotion: clip for clip in showings.acted(data_folder)}
    assert set(clips) == {NEUTRAL, HAPPY, ANGRY}
    assert abs(float(clips[NEUTRAL].displacement.mean())) < 0.01
    # the made tracks differ in their brows by seed, their mouths only open and close
    rng = {seed: float(np.random.default_rng(seed).normal(0, 0.2)) for seed in (60, 61, 62)}
    for emotion, seed in ((HAPPY, 61), (ANGRY, 62)):
        moved = clips[emotion].displacement
        assert float(moved[:, 17:27, 1].mean()) == pytest.approx(rng[seed] - rng[60], abs=0.03)
        assert abs(float(moved[:, list(face.MOUTH), 1].mean())) < 0.06
    with pytest.raises(FileNotFoundError, match="no person of W009 with a neutral clip"):
        list(showings.acted(data_folder, ("W009",)))


def test_where_the_neutral_face_is_unknown_only_movement_counts(data_folder: Path) -> None:
    table = showings.calm_map(showings.people(data_folder)["M030"]["neutral"])
    found = list(showings.moving(data_folder, [table]))
    assert found
    for clip in found:
        assert clip.relative
        assert not clip.share[:, list(face.LOWER_FACE)].any()
        assert clip.share[:, list(face.BROWS)].all()
    values = torch.randn(2, 9, 68, 3)
    moved = centred(values, torch.tensor([True, False]))
    torch.testing.assert_close(moved[0].mean(0), torch.zeros(68, 3), atol=1e-6, rtol=0)
    torch.testing.assert_close(moved[1], values[1])


def test_relations_see_shape_and_not_place() -> None:
    relations = Relations()
    truth, share = 0.1 * torch.randn(1, 3, 68, 3), torch.ones(1, 3, 68)
    assert float(relations(truth, truth, share)) == 0.0
    assert float(relations(truth + 0.5, truth, share)) == pytest.approx(0.0, abs=1e-6)
    wider = truth.clone()
    wider[..., 48, 0] -= 0.5
    assert float(relations(wider, truth, share)) > 1e-3
    share[..., 48] = 0.0
    assert float(relations(wider, truth, share)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("without", [(), ("relations", "collaboration")])
def test_the_recipe_learns_what_the_tracks_show(data_folder: Path, without: tuple[str, ...]) -> None:
    groups = groups_of(data_folder, (), without)
    model = train(groups, 60, 8, 0, without)
    with torch.no_grad():
        emotion = torch.eye(8)[[NEUTRAL, HAPPY, ANGRY]].unsqueeze(1).expand(-1, 50, -1)
        still = torch.zeros(3, 50, 8)
        coefficients, _ = model.coefficients(emotion, still[..., :1], still, model.initial_state(3))
    brows = (coefficients[:, -1] @ model.basis).reshape(3, 68, 3)[:, 17:27, 1].mean(1)
    rng = {seed: float(np.random.default_rng(seed).normal(0, 0.2)) for seed in (60, 61, 62)}
    assert float(brows[1] - brows[0]) == pytest.approx(rng[61] - rng[60], abs=0.08)
    assert float(brows[2] - brows[0]) == pytest.approx(rng[62] - rng[60], abs=0.08)


def test_windows_are_whole_and_emotions_come_in_halves(data_folder: Path) -> None:
    groups = groups_of(data_folder, (), ())
    made = windows(groups, np.random.default_rng(0), 64)
    torch.testing.assert_close(made.emotion.sum(-1), torch.ones(64, expression.FRAMES))
    halves = made.emotion.amax(-1)[:, 0]
    assert 0.2 < float((halves < 0.99).float().mean()) < 0.8
    for name, part in made._asdict().items():
        assert bool(torch.isfinite(part.float()).all()), name


def test_a_collaborative_classifier_reads_cues_and_passes_gradients_on() -> None:
    torch.manual_seed(0)
    reader = Collaborative(6)
    cues, labels = torch.randn(64, 20, 6), torch.arange(64) % 8
    cues[..., 0] += (labels % 2).unsqueeze(1) * 4.0
    cues[..., 1] *= 1.0 + (labels // 2 % 2).unsqueeze(1) * 4.0  # how much it moves tells as well
    optimizer = torch.optim.Adam(reader.parameters(), 0.01)
    for _ in range(80):
        loss = torch.nn.functional.cross_entropy(reader(cues), labels % 4)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float((reader.eval()(cues).argmax(1) == labels % 4).float().mean()) > 0.9
    asked = cues.clone().requires_grad_(True)
    torch.nn.functional.cross_entropy(reader(asked), labels % 4).backward()
    assert asked.grad is not None
    assert float(asked.grad.abs().sum()) > 0


def test_a_judge_knows_its_people_and_strangers_are_left_out_in_turn(data_folder: Path) -> None:
    rng = np.random.default_rng(0)
    shapes = rng.normal(0, 0.2, (8, 68, 3))
    shown = [((shapes[k] + rng.normal(0, 0.05, (120, 68, 3))).astype(np.float32), k) for k in range(8)]
    judge = Judge.of(shown)
    assert judge.accuracy(shown) == 1.0
    turned = [(clip, (k + 1) % 8 if k < 4 else k) for clip, k in shown]
    assert judge.accuracy(turned) == 0.5
    assert strangers({"a": shown, "b": turned}) == 0.5
    real = filmed(data_folder)
    assert {k for _, k in real["M030"]} == {NEUTRAL, HAPPY, ANGRY}
    assert np.isnan(strangers(real))
