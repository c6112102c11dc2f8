"""The emotion of a voice: what is heard now counts more than what was, loud counts more than quiet."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from bridge.features import BINS, SILENCE  # noqa: E402
from models.emotion import BLOCK, DOUBT, Emotion, EmotionConfig, Feeling, Loudness, Pool  # noqa: E402
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


def test_a_block_says_what_the_branch_says_and_holds_it() -> None:
    model = feeling()
    pairs = torch.randn(1, 4 * BLOCK, 2 * BINS)
    with torch.no_grad():
        out, _ = model(pairs, model.initial_state(1))
        each, _ = model.whole.branch(pairs, model.whole.branch.initial_state(1))
    for frame in range(4 * BLOCK):
        last = (frame + 1) // BLOCK * BLOCK - 1
        wanted = each[0, last] if last >= 0 else model.begin
        torch.testing.assert_close(out[0, frame], wanted, atol=1e-5, rtol=1e-5)
