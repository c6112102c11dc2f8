"""Cross-reconstruction: four-tuples, their time, and what the loss does to an embedding."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from bridge.features import BINS  # noqa: E402
from models.data.corpus import line_of  # noqa: E402
from models.training.crossing import (  # noqa: E402
    FRAMES,
    ContentEncoder,
    Crossing,
    Line,
    four_tuples,
    levelled,
    probe,
)

pytestmark = pytest.mark.torch
MANNERS = ("03-01", "04-01", "05-02")


def lines(sentences: tuple[str, ...] = ("01", "02")) -> list[Line]:
    """Two actors whose sound is what is said, shifted by how; `seen` knows both, side by side."""
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(len(sentences), FRAMES // 4 + 4, BINS))
    grid = np.linspace(0, FRAMES // 4 + 2, FRAMES + 12)
    low, share = grid.astype(int), (grid % 1)[:, None]
    said = {
        s: (c[low] * (1 - share) + c[low + 1] * share).astype(np.float32)
        for s, c in zip(sentences, coarse, strict=True)
    }
    how = {m: rng.normal(size=BINS).astype(np.float32) for m in MANNERS}
    found = []
    for actor in ("01", "02"):
        for sentence in sentences:
            for m, manner in enumerate(MANNERS):
                slow = np.linspace(0, FRAMES + 11, FRAMES + 12 + 4 * m).round().astype(int)
                states = said[sentence][slow]
                seen = torch.zeros(3, 8)
                seen[:, m] = 1.0
                seen[:, 4 + sentences.index(sentence)] = 1.0
                found.append(Line(actor, sentence, manner, states + how[manner], states, seen))
    return found


def test_a_name_says_actor_sentence_and_manner() -> None:
    assert line_of("actor12_front_happy_level2_01-02-03") == ("actor12", "01", "happy-2-03")
    assert line_of("actor12_front_neutral_level1_02-01-02") == ("actor12", "02", "neutral-1-02")  # calm
    assert line_of("1001_front_angry_level0_DFA") == ("1001", "DFA", "angry-0")
    assert line_of("M003_front_sad_level3_002") == ("M003", "002", "sad-3")
    assert line_of("M003_left_30_sad_level3_012")[1] != line_of("M003_front_angry_level3_012")[1]
    with pytest.raises(ValueError, match="names no emotional clip"):
        line_of("obama_1")


def test_tuples_are_one_actor_two_sentences_two_manners_in_one_time() -> None:
    known = lines()
    tuples = four_tuples(known)
    assert len(tuples) == 2 * 2 * 3 * 2  # every clip with both other manners
    for four in tuples:
        content = known[four.content]
        (lender,) = (known[i] for i in four.lenders)
        assert lender.actor == content.actor
        assert lender.sentence != content.sentence
        assert lender.manner != content.manner
        assert len(four.target) == len(content.mel)
        # the partner in this one's time is this one but for the manner, which is the same in every frame
        shift = (four.target - content.mel)[5:-5]
        assert float(np.abs(shift - np.median(shift, axis=0)).mean()) < 0.1


def test_one_sentence_alone_is_refused_with_the_way_out() -> None:
    assert four_tuples(lines(("01",))) == []
    with pytest.raises(ValueError, match="--without crossing"):
        Crossing(lines(("01",)), 8)


def test_level_is_taken_out() -> None:
    mel = np.random.default_rng(0).normal(size=(40, BINS)).astype(np.float32)
    np.testing.assert_allclose(levelled(mel + 3.0), levelled(mel), atol=1e-5)


def test_content_forgets_a_constant_colour() -> None:
    torch.manual_seed(0)
    content, mel = ContentEncoder().eval(), torch.randn(2, BINS, FRAMES)
    colour = torch.randn(1, BINS, 1)
    torch.testing.assert_close(content(2.0 * mel + colour), content(mel), atol=1e-3, rtol=1e-3)


def test_learning_to_cross_leaves_emotion_and_drops_the_sentence() -> None:
    torch.manual_seed(0)
    known = lines()
    crossing, embed = Crossing(known, 4), nn.Linear(8, 4)
    assert torch.allclose(crossing(embed), crossing(embed)) is False  # every step draws other tuples
    # as in the recipe, what serves nothing fades
    learning = [*crossing.parameters(), *embed.parameters()]
    optimizer = torch.optim.AdamW(learning, lr=3e-3, weight_decay=1.0)
    losses = []
    for _ in range(200):
        loss = crossing(embed)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-10:]) < 0.3 * np.mean(losses[:10])
    moved = embed.weight.detach()
    by_emotion = torch.cdist(moved[:, :3].T, moved[:, :3].T).sum() / 6
    by_sentence = (moved[:, 4] - moved[:, 5]).norm()
    assert float(by_sentence) < 0.6 * float(by_emotion)  # it began with as much of both


def test_a_probe_finds_what_is_there_and_nothing_else() -> None:
    rng = torch.Generator().manual_seed(0)
    x, label = torch.randn(400, 6, generator=rng), torch.arange(400) % 2
    assert probe(x[:200], label[:200], x[200:], label[200:]) < 0.65
    x[:, 2] += 4.0 * label
    assert probe(x[:200], label[:200], x[200:], label[200:]) > 0.9
