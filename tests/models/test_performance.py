"""Eyes and head: drawn step by step, repeatable, learned from what was tracked; and the figures that judge them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from bridge.contract import NOISE  # noqa: E402
from bridge.frames import EMOTIONS, STYLES  # noqa: E402
from models.cell import (  # noqa: E402
    EAGERNESS,
    HOMEWARD,
    LIVELINESS,
    MOST_STIR,
    RETURN,
    SACCADE,
    SHARPNESS,
    SHORTEST,
    SIDEWAYS,
    STIR_STAYS,
    STIRRED,
    SWING,
    WANDER,
    WANDER_STAYS,
    centres,
    class_of,
    counter,
    heard,
)
from models.chance import cubed, tailed, uniform_of  # noqa: E402
from models.collaborative import Collaborative  # noqa: E402
from models.data.motion import swing_of  # noqa: E402
from models.data.performances import Acting, emotion_in, fixations, performances  # noqa: E402
from models.evaluation import moves as figures  # noqa: E402
from models.performance import Performance  # noqa: E402
from models.training import performance as recipe  # noqa: E402
from models.training import rates  # noqa: E402
from models.training.played import READ  # noqa: E402

pytestmark = pytest.mark.torch


def network(seed: int = 0) -> Performance:
    torch.manual_seed(seed)
    made = Performance().eval()
    made.loop.step.eager += 0.25  # an untrained cell seldom looks elsewhere
    return made


def stressed(frames: int) -> torch.Tensor:
    """(1, T, 3) stress and two bands."""
    at = torch.arange(frames) / 7.0
    return torch.stack([0.5 * torch.sin(at), torch.sin(1.3 * at), torch.cos(0.7 * at)], 1).unsqueeze(0)


def run(made: Performance, noise: torch.Tensor, sizes: list[int], temperature: float = 1.0) -> torch.Tensor:
    frames = noise.shape[1]
    emotion, style = torch.zeros(1, frames, len(EMOTIONS)), torch.zeros(1, len(STYLES))
    emotion[..., 3], style[0, 1] = 1.0, 1.0
    opening = 0.5 + 0.5 * torch.sin(torch.arange(frames) / 3.0).view(1, -1, 1)
    emphasis = stressed(frames)
    state, parts, at = made.initial_state(1), [], 0
    with torch.no_grad():
        for size in sizes:
            part = slice(at, at + size)
            motion, state = made(
                emotion[:, part],
                style,
                opening[:, part],
                emphasis[:, part],
                noise[:, part],
                torch.full((1, 1), temperature),
                state,
            )
            parts.append(motion)
            at += size
    return torch.cat(parts, 1)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(0, 5))
@settings(max_examples=15, deadline=None)
def test_chunked_equals_whole(sizes: list[int], seed: int) -> None:
    noise = torch.randn(1, sum(sizes), NOISE, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(run(network(), noise, sizes), run(network(), noise, [sum(sizes)]))


def as_learned(made: Performance, noise: torch.Tensor, temperature: float) -> torch.Tensor:
    """What `run` gives, by the cell as it is trained and one formula after the other."""
    step, frames = made.loop.step, noise.shape[1]
    emotion, style = torch.eye(len(EMOTIONS))[3:4], torch.eye(len(STYLES))[1:2]
    opening = 0.5 + 0.5 * torch.sin(torch.arange(frames) / 3.0)
    hidden, mouth, fixation, gaze = (torch.zeros(1, size) for size in (64, 3, 2, 2))
    head, head_before, before, age = (
        torch.zeros(1, 6),
        torch.zeros(1, 6),
        torch.zeros(1, 1),
        torch.zeros(1, 1),
    )
    emphasis = stressed(frames)
    eager, lively, restless, homeward, swing, wander = (
        (x[3] + x[len(EMOTIONS) + 1]).clamp(least, most)
        for x, least, most in (
            (step.eager, -EAGERNESS, EAGERNESS),
            (step.lively, -LIVELINESS, LIVELINESS),
            (step.restless, 0.0, STIRRED),
            (step.homeward, -HOMEWARD, HOMEWARD),
            (step.swing, 0.0, SWING),
            (step.wander, 0.0, WANDER),
        )
    )
    stir, off = 0.0, torch.zeros(1, 2)
    shown = []
    for t in range(0, frames, 2):
        mouth, before = heard(mouth, opening[t].view(1, 1), before), opening[t].view(1, 1)
        shift, classes, residual, likely, hidden = step.cell(
            emotion, style, mouth, gaze, age, head, head - head_before, hidden
        )
        chance = uniform_of(noise[:, t])
        age = age + 1
        if age > SHORTEST and chance[0, 0] < torch.sigmoid(shift + eager):
            shares = (SHARPNESS * classes / max(temperature, 0.05)).softmax(1).cumsum(1)
            found = min(int((shares < chance[:, 1:2]).sum()), shares.shape[1] - 1)
            spread = temperature * residual[:, 2:].exp()
            fixation = step.cell.centres[found] + residual[:, :2] + spread * noise[:, t, 2:4]
            age = torch.zeros(1, 1)
        age = age.clamp(max=125)
        size = (lively + min(max(stir, -MOST_STIR), MOST_STIR) + swing * emphasis[0, t, 0]).exp()
        homesick = RETURN * (homeward.exp() - 1) * head / step.cell.unit
        moved = likely[:, 6:].exp() * size * temperature * tailed(noise[:, t, 4:])
        stir = STIR_STAYS * stir + float(restless * noise[0, t, 2])
        head_before, head = head, head + step.cell.unit * (likely[:, :6] + moved - homesick)
        gaze_before, gaze = gaze, gaze + SACCADE * (fixation - gaze)
        off_before, off = (
            off,
            WANDER_STAYS * off + temperature * wander * cubed(noise[:, t, 2:4]) * torch.tensor(SIDEWAYS),
        )
        halves = (gaze_before + gaze) / 2, (head_before + head) / 2, (off_before + off) / 2
        for eyes, pose, wandered in (halves, (gaze, head, off)):
            seen = eyes + wandered - counter(pose)
            shown.append(torch.cat([seen, seen, pose], 1))
    every = torch.stack(shown, 1)[:, :frames]
    every[..., 4] += (emphasis[..., 1:] * made.nods[1]).sum(-1)
    return every


@pytest.mark.parametrize(("temperature", "restless"), [(0.0, 0.1), (1.0, 0.1), (1.0, -0.1)])
def test_the_stream_does_what_the_cell_learned(temperature: float, restless: float) -> None:
    made, noise = network(3), torch.randn(1, 301, NOISE, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        made.loop.step.lively += 0.1 * torch.randn(made.loop.step.lively.shape)
        made.loop.step.restless += restless
        made.loop.step.homeward += 0.5 * torch.randn(made.loop.step.homeward.shape)
        made.loop.step.swing += 0.7
        made.loop.step.wander += 0.003
        made.nods += 0.02
        for part in made.loop.step.cell.parameters():
            part *= 2.5  # limits are met
        wanted = as_learned(made, noise, temperature)
    torch.testing.assert_close(run(made, noise, [301], temperature), wanted, rtol=1e-4, atol=1e-4)


def test_chance_is_all_that_two_runs_differ_in() -> None:
    one, other = torch.randn(1, 200, NOISE), torch.randn(1, 200, NOISE)
    first = run(network(), one, [200])
    torch.testing.assert_close(first, run(network(), one, [200]))
    second = run(network(), other, [200])
    assert float((first - second).abs().amax(1)[0, :2].min()) > 0.02
    assert float((first - second).abs().amax(1)[0, 4:7].min()) > 0.005
    still = run(network(), one, [200], temperature=0.0)
    shiver, none = (float(torch.diff(moved[0, ::2, 4:7], n=2, dim=0).std()) for moved in (first, still))
    assert none < 0.1 * shiver


def test_eyes_dart_and_rest() -> None:
    moved = run(network(), torch.randn(1, 1500, NOISE), [1500])[0].numpy()
    looked = moved[:, :2] + counter(torch.from_numpy(moved[:, 4:])).numpy()
    step = np.linalg.norm(np.diff(looked, axis=0), axis=1)
    assert np.median(step) < 1e-3 < 0.03 < np.quantile(step, 0.98)
    assert np.abs(moved[:, 4:7]).max() < 0.8


def test_chance_has_the_shapes_it_claims() -> None:
    z = torch.linspace(-2.5, 2.5, 11)
    torch.testing.assert_close(uniform_of(z), torch.distributions.Normal(0, 1).cdf(z))
    from scipy.stats import norm, t

    wanted = t(4).ppf(norm.cdf(z.numpy()))
    np.testing.assert_allclose(tailed(z).numpy(), wanted, rtol=0.12, atol=1e-6)


def test_a_direction_is_its_class_and_what_is_left() -> None:
    gaze = np.random.default_rng(0).uniform(-0.4, 0.4, (50, 2)).astype(np.float32)
    found, rest = class_of(gaze)
    np.testing.assert_allclose((centres()[found] + rest).numpy(), gaze, atol=1e-6)
    assert float(rest.abs().max()) < 0.15


def test_fixations_are_found_where_eyes_turned() -> None:
    gaze = np.zeros((90, 2), np.float32)
    gaze[30:60] = (0.2, -0.1)
    gaze += np.random.default_rng(1).normal(0, 0.01, gaze.shape).astype(np.float32)
    found = fixations(gaze)
    starts = np.flatnonzero(np.abs(np.diff(found, axis=0)).sum(1) > 0) + 1
    assert starts.tolist() == [30, 60]
    np.testing.assert_allclose(found[45], (0.2, -0.1), atol=0.01)


def test_names_tell_emotions() -> None:
    assert emotion_in("M030_front_angry_level3_001") == "angry"
    assert emotion_in("sad_sadgirl_clip1") == "sad"
    assert emotion_in("mead_fear") == "fear"
    assert emotion_in("Obama_clip2") is None


def still(style: str, emotion: str, turns: float, speed: float, seed: int) -> Acting:
    """A made track: eyes that turn so often a second, a head that shivers so fast."""
    rng = np.random.default_rng(seed)
    new = rng.random(120) < turns / 25
    places = rng.uniform(-0.3, 0.3, (251, 2)).astype(np.float32)
    fixation = places[np.cumsum(new)]
    head = np.zeros((120, 6), np.float32)
    head[:, :3] = np.cumsum(rng.normal(0, speed / 25, (120, 3)), axis=0)
    head -= np.linspace(0, 1, 120, dtype=np.float32)[:, None] * head[-1]
    gaze = fixation - counter(torch.from_numpy(head)).numpy()
    return Acting(f"{style}{seed}", "mead", STYLES.index(style), EMOTIONS.index(emotion), fixation, head,
                  rng.uniform(0, 1, 120).astype(np.float32), gaze, np.zeros(120, bool), None)  # fmt: skip


@pytest.mark.slow
def test_it_learns_who_is_lively(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "ROUNDS", 12)
    monkeypatch.setattr(rates, "MOUTHS", 8)
    monkeypatch.setattr(rates, "RUN_STEPS", 250)
    torch.manual_seed(0)
    calm = [still("actor", "sad", 0.2, 0.02, i) for i in range(4)]
    keen = [still("actor", "happy", 1.5, 0.2, 10 + i) for i in range(4)]
    made, rng = Performance(), np.random.default_rng(0)
    optimizer = torch.optim.AdamW(made.parameters(), lr=5e-3)
    before = None
    for _ in range(30):
        each = recipe.losses(made, recipe.lesson({"mead": calm + keen}, rng, 16))
        loss = (torch.tensor([4.0, 0.3, 0.1, 0.5]) * each).sum()
        before = float(loss.detach()) if before is None else before
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < before - 1
    rates.settle(made.eval(), calm + keen, 0)

    def generated(actings: list[Acting]) -> rates.Rates:
        talk = rates.talk_of([rates.Talked(a.opening, a.emphasis) for a in actings])
        moved = rates.acted(made, actings[0].emotion, actings[0].style, talk, 5)
        found = rates.pieces(*moved, len(actings[0].opening))
        return rates.middle_of(found, np.ones(len(found)))

    slow, fast = generated(calm), generated(keen)
    assert fast.shifts > 2 * slow.shifts
    assert fast.speed > 3 * slow.speed
    real = rates.middle_of([rates.rates(a.gaze, a.head) for a in keen], np.ones(len(keen)))
    # the way home sets how far, the size of a step how fast
    assert fast.speed == pytest.approx(real.speed, rel=0.3)
    assert fast.pitch == pytest.approx(real.pitch, rel=0.6)


def nodding(seed: int) -> Acting:
    """Made talk: a head that is thrown up, and moves more, on what is stressed."""
    rng = np.random.default_rng(seed)
    made = still("speaker", "neutral", 0.3, 0.05, seed)
    emphasis = np.zeros((120, 3), np.float32)
    emphasis[:, 0] = np.repeat(rng.choice([-0.5, 0.5], 12), 10)
    smooth = [np.convolve(rng.normal(0, 1, 124), np.ones(5) / 5, "valid") for _ in range(2)]
    emphasis[:, 1:] = np.stack(smooth, 1)
    head = np.zeros((120, 6), np.float32)
    head[:, :3] = np.cumsum(rng.normal(0, 0.003, (120, 3)) * np.exp(1.5 * emphasis[:, :1]), axis=0)
    head[:, 0] += emphasis[:, 1:] @ np.array([-0.03, 0.02], np.float32)
    return replace(made, head=head, emphasis=emphasis)


def test_nods_and_swing_are_read_from_tracks() -> None:
    talk = [nodding(i) for i in range(6)]
    found = rates.nods_of(talk)
    np.testing.assert_allclose(found[STYLES.index("speaker")], [-0.03, 0.02], atol=0.012)
    # actors were not heard: they nod as speakers do; nobody read
    np.testing.assert_array_equal(found[STYLES.index("actor")], found[STYLES.index("speaker")])
    assert not found[STYLES.index("reader")].any()
    still_nods = [replace(a, head=a.head - np.pad(a.emphasis[:, 1:] @ [[-0.03], [0.02]], ((0, 0), (0, 5))))
                  for a in talk if a.emphasis is not None]  # fmt: skip
    swing = swing_of([a.head[:, :3] for a in still_nods], [a.emphasis[:, 0] for a in talk])
    assert swing == pytest.approx(1.2, abs=0.35)
    assert (
        abs(swing_of([a.head[:, :3] for a in still_nods], [-a.emphasis[:, 0] for a in talk]) + swing) < 1e-6
    )


def test_a_data_folder_gives_performances(data_folder: Path) -> None:
    found = list(performances(data_folder))
    groups = {a.group for a in found}
    assert {"grid", "talk", "mead"} <= groups
    assert {EMOTIONS[a.emotion] for a in found if a.group == "mead"} == {"neutral", "happy", "angry"}
    for acting in found:
        assert acting.fixation.shape == (len(acting.opening), 2)
        assert acting.head.shape == (len(acting.opening), 6)


# --- the figures


def made_clip(seconds: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    steps = seconds * 25
    gaze = np.zeros((steps, 2), np.float32)
    gaze[2 * 25 : 4 * 25, 0] = np.radians(10)  # two shifts
    lids = np.full((steps, 2), 0.9, np.float32)
    lids[60:65] = lids[120:125] = 0.1  # two blinks
    lids[150:152, 0] = 0.1  # a wink is none
    angle = np.radians(20) * np.sin(np.arange(steps) / 25 * np.pi)
    rotation = np.stack([figures.quaternion_matrices(
        np.array([[0, np.sin(a / 2), 0, np.cos(a / 2)]], np.float32))[0] for a in angle])  # fmt: skip
    return gaze, lids, rotation


def test_the_figures_count_what_was_made() -> None:
    found = figures.moves(*made_clip())
    assert found.seconds == 8
    assert found.blinks_per_min == pytest.approx(15)
    assert found.shifts_per_s == pytest.approx(2 / 8)
    assert found.fixation_s == pytest.approx(8 / 3)
    assert found.yaw_range_deg == pytest.approx(39, abs=2)
    assert found.pitch_range_deg == pytest.approx(0, abs=0.1)
    # 20° · π a second at most; the median of a cosine's size is 0.707 of it
    assert found.gaze_spread_deg == pytest.approx(10 * np.sqrt(3 / 16 / 2), rel=0.1)
    assert found.head_speed_deg_s == pytest.approx(20 * np.pi * 0.707, rel=0.05)


def test_many_clips_weigh_by_their_seconds() -> None:
    long, short = figures.moves(*made_clip(8)), figures.moves(*(part[:40] for part in made_clip(8)))
    both = figures.middle([long, short])
    assert both.seconds == pytest.approx(9.6)
    assert both.blinks_per_min == pytest.approx(60 * 2 / 9.6)
    assert both.fixation_s == pytest.approx(9.6 / 4)


def test_the_classifier_pulls_what_is_played_to_what_was_meant() -> None:
    torch.manual_seed(0)
    calm = [still("actor", "sad", 0.2, 0.02, i) for i in range(4)]
    keen = [still("actor", "happy", 1.5, 0.3, 10 + i) for i in range(4)]
    made, reader, rng = Performance(), Collaborative(READ), np.random.default_rng(0)
    groups = {"mead": calm + keen}
    learning = torch.optim.AdamW(reader.parameters(), lr=1e-2)
    for _ in range(40):
        _, own = recipe.collaboration(made, reader, recipe.lesson(groups, rng, 16))
        learning.zero_grad()
        own.backward()
        learning.step()
    assert float(own.detach()) < 0.5  # it tells them apart
    pulled = torch.optim.AdamW(made.parameters(), lr=3e-3)
    pulls = []
    for _ in range(25):
        pull, _ = recipe.collaboration(made, reader, recipe.lesson(groups, rng, 16))
        pulled.zero_grad()
        pull.backward()
        assert all(float(p.grad.abs().sum()) > 0 for p in made.loop.step.cell.head.parameters())
        assert float(made.loop.step.cell.shift.weight.grad.abs().sum()) > 0  # straight through
        pulled.step()
        pulls.append(float(pull.detach()))
    assert np.mean(pulls[-5:]) < np.mean(pulls[:5]) - 0.1
    assert all(p.grad is not None for p in reader.parameters())  # left as it can learn


def test_nobody_is_pulled_where_nobody_acted() -> None:
    talk = [nodding(i) for i in range(4)]
    lesson = recipe.lesson({"talk": [replace(a, group="talk") for a in talk]}, np.random.default_rng(0), 8)
    assert (lesson.label == -1).all()
    assert [float(x) for x in recipe.collaboration(Performance(), Collaborative(READ), lesson)] == [0.0, 0.0]
