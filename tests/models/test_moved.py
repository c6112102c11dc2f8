"""Whether a voice is moved: read off the embedding, beside which emotion it would be."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from bridge.frames import EMOTIONS  # noqa: E402
from models.emotion import ANSWERS, Emotion, EmotionConfig  # noqa: E402
from models.speech_encoder import EncoderConfig  # noqa: E402
from models.training import moved  # noqa: E402

pytestmark = pytest.mark.torch
SMALL = EmotionConfig(EncoderConfig(ahead=(2, 1), past=5, feed=24), hidden=8, embedding=8, slots=0)
NEUTRAL = EMOTIONS.index("neutral")


@pytest.mark.parametrize("plain_talk", [True, False])
def test_emotions_move_and_neutral_and_plain_voices_do_not(
    plain_talk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    model = Emotion(SMALL).eval()
    before = {name: value.clone() for name, value in model.state_dict().items() if "moved" not in name}
    label = torch.arange(160) % 8
    seen = 0.3 * torch.randn(160, 1536)
    seen[label != NEUTRAL] += 1.0
    plain = 0.3 * torch.randn(40 if plain_talk else 0, 1536) - 1.0
    embed = model.embed
    monkeypatch.setattr(model, "embed", lambda pooled: pooled[..., :8])
    moved.train(model, seen, label, plain, seed=0)
    with torch.no_grad():
        says = model.moved(model.embed(seen))[:, 0].sigmoid()
        assert float(says[label != NEUTRAL].mean()) > 0.7
        assert float(says[label == NEUTRAL].mean()) < 0.3
        if plain_talk:
            assert float(model.moved(model.embed(plain)).sigmoid().mean()) < 0.3
        monkeypatch.setattr(model, "embed", embed)
        logits, _ = model(torch.randn(1, 3, 160), model.initial_state(1))
    assert logits.shape == (1, 3, ANSWERS)
    for name, value in before.items():  # nothing else learns from it
        assert torch.equal(model.state_dict()[name], value), name


def test_plain_talk_is_cut_and_short_sounds_are_left_out(data_folder: Path, tmp_path: Path) -> None:
    found = list(moved.plain_talk(data_folder))
    assert found
    assert all(mel.shape[1] == 80 and len(mel) <= 100 * moved.LONGEST_S for mel in found)
    assert list(moved.plain_talk(tmp_path)) == []
