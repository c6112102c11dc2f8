"""The emotion of a voice: what is heard now counts more than what was, loud counts more than quiet."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from bridge.features import BINS, SILENCE  # noqa: E402
from models.emotion import (  # noqa: E402
    ANSWERS,
    BLOCK,
    DOUBT,
    HOLD,
    USED_TO,
    USUAL,
    Emotion,
    EmotionConfig,
    Feeling,
    Hold,
    Loudness,
    Pool,
)
from models.speech_encoder import WIDTH, EncoderConfig  # noqa: E402

pytestmark = pytest.mark.torch
SMALL = EmotionConfig(EncoderConfig(ahead=(2, 1), past=5, feed=24), hidden=8)


def test_loud_frames_count_and_quiet_ones_do_not() -> None:
    loudness = Loudness()
    pairs = torch.full((1, 300, 2 * BINS), SILENCE)
    pairs[:, 100:200] = 0.5
    weight, state = loudness(pairs, loudness.initial_state(1))
    assert float(weight[0, :100].max()) < 0.02
    assert float(weight[0, 100:200].min()) > 0.99
    assert float(weight[0, 200:].max()) < 0.02
    assert float(state["feeling_loudest"]) > 0  # the loudest is remembered


def test_a_pool_forgets_at_the_stated_pace() -> None:
    pool = Pool("p", delay=3, memory_frames=50.0)
    x = torch.zeros(1, 400, WIDTH)
    x[:, :200] = 1.0
    pooled, _ = pool(x, torch.ones(1, 400, 1), pool.initial_state(1))
    mean = pooled[0, :, 0]
    assert float(mean[199]) == pytest.approx(1 - DOUBT / 50, abs=0.03)  # five of fifty frames are doubt
    assert float(mean[249]) == pytest.approx(float(mean[199]) * np.exp(-1), abs=0.02)  # 1 s later 1/e of it
    assert float(pooled[0, 199, WIDTH]) > 0  # and a deviation


def test_nothing_heard_is_the_average_voice() -> None:
    pool = Pool("p", delay=2, memory_frames=50.0)
    pool.mean += 0.7
    pool.square.copy_(pool.mean.square() + 0.25)
    pooled, _ = pool(torch.randn(1, 20, WIDTH), torch.zeros(1, 20, 1), pool.initial_state(1))
    torch.testing.assert_close(pooled[0, :, :WIDTH], torch.full((20, WIDTH), 0.7))
    torch.testing.assert_close(pooled[0, :, WIDTH:], torch.full((20, WIDTH), 0.5))


@pytest.mark.parametrize("chunk", [1, 4, 7])
def test_chunked_equals_whole(chunk: int) -> None:
    torch.manual_seed(0)
    model = Emotion(SMALL).eval()
    pairs = torch.randn(1, 28, 2 * BINS)
    with torch.no_grad():
        whole, _ = model(pairs, model.initial_state(1))
        state, parts = model.initial_state(1), []
        for at in range(0, 28, chunk):
            part, state = model(pairs[:, at : at + chunk], state)
            parts.append(part)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-5, rtol=1e-5)


def test_its_ears_have_states_of_their_own() -> None:
    names = set(Emotion(SMALL).initial_state(1))
    assert all(name.startswith("feeling") for name in names)


def feeling() -> Feeling:
    torch.manual_seed(1)
    made = Feeling(SMALL).eval()
    made.settle()
    return made


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
@settings(max_examples=20, deadline=None)
def test_blocks_chunked_equal_whole(sizes: list[int]) -> None:
    model, frames = feeling(), sum(sizes)
    pairs = torch.randn(1, frames, 2 * BINS, generator=torch.Generator().manual_seed(frames))
    with torch.no_grad():
        whole, _ = model(pairs, model.initial_state(1))
        state, parts, at = model.initial_state(1), [], 0
        for size in sizes:
            part, state = model(pairs[:, at : at + size], state)
            parts.append(part)
            at += size
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-5, rtol=1e-5)


def test_what_is_put_out_follows_the_last_block() -> None:
    model = feeling()
    pairs = torch.randn(1, 4 * BLOCK, 2 * BINS)
    with torch.no_grad():
        out, _ = model(pairs, model.initial_state(1))
        branch = model.whole.branch
        each, _ = branch(pairs, branch.initial_state(1))
        usual, less = torch.zeros(ANSWERS), []
        for logits in each[0]:
            usual = USUAL * usual + (1 - USUAL) * (logits - model.begin)
            less.append(logits - USED_TO * usual)
        answers = torch.stack(less)[None]
        held, _ = model.whole.hold(answers[..., :8], model.whole.hold.initial_state(1))
        each = torch.cat([held, answers[..., 8:]], -1)
    for frame in range(4 * BLOCK):
        last = (frame + 1) // BLOCK * BLOCK - 1
        shown = each[0, last] if last >= 0 else model.begin
        torch.testing.assert_close(out[0, frame], shown, atol=1e-5, rtol=1e-5)


def test_what_a_voice_always_sounds_like_fades() -> None:
    model = feeling()
    model.whole.branch.outward[-1].bias.data[2] = 4.0  # always disgusted, whatever is said
    state, wins = model.initial_state(1), []
    with torch.no_grad():
        model.begin.zero_()
        for _ in range(24):
            logits, state = model(torch.randn(1, 100, 2 * BINS), state)
            wins.append(float(logits[0, -1].softmax(-1)[2]))
    assert wins[1] > 0.85  # after four seconds it is what is heard
    assert wins[-1] < wins[1] - 0.25  # after three quarters of a minute it is how this voice is
    assert wins[-1] > 0.2


def said(*leads: float) -> torch.Tensor:
    """Logits of two emotions, all others far below: how far the second one leads in each frame."""
    logits = torch.full((1, len(leads), 8), -9.0)
    logits[0, :, 0] = 0.0
    logits[0, :, 1] = torch.tensor(leads)
    return logits


def test_a_mood_is_held_until_another_leads_clearly() -> None:
    hold = Hold()
    small, clear = 0.4 * HOLD, 0.6 * HOLD
    logits = said(-clear, small, -small, small, clear, -small, small, -small, -clear)
    out, state = hold(logits, hold.initial_state(1))
    assert out.argmax(2)[0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 0]
    assert logits.argmax(2)[0].tolist() == [0, 1, 0, 1, 1, 0, 1, 0, 0]  # without it, it flickers
    torch.testing.assert_close(state["feeling_held"], torch.eye(8)[:1])


def test_nothing_is_held_before_somebody_leads() -> None:
    hold = Hold()
    logits = said(0.4 * HOLD, -0.4 * HOLD)
    torch.testing.assert_close(hold(logits, hold.initial_state(1))[0], logits)


def test_hold_chunked_equals_whole() -> None:
    hold, logits = Hold(), torch.randn(1, 30, 8, generator=torch.Generator().manual_seed(3))
    whole, _ = hold(logits, hold.initial_state(1))
    state, parts = hold.initial_state(1), []
    for part in torch.split(logits, [1, 4, 7, 18], dim=1):
        out, state = hold(part, state)
        parts.append(out)
    torch.testing.assert_close(torch.cat(parts, 1), whole)


def test_without_memories_there_are_none() -> None:
    plain = Emotion(replace(SMALL, slots=0))
    assert not any(name.startswith("memory") for name in plain.state_dict())
    model = Emotion(SMALL)
    pooled = torch.randn(2, 5, 4 * WIDTH)
    assert model.embed(pooled).shape == (2, 5, SMALL.embedding)
    model.eval()
    torch.testing.assert_close(model.embed(pooled[:, 2]), model.embed(pooled)[:, 2])
