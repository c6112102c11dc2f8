import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.frames import FRAME_SAMPLES, RATE_HZ
from bridge.gate import ATTACK_S, HANG_OVER_S, RELEASE_S, SpeechGate
from bridge.sources.demo import DEMO_CLIPS, load_clip

LENGTH = 8 * RATE_HZ
T = np.arange(LENGTH) / RATE_HZ
FREQ = np.maximum(np.fft.rfftfreq(LENGTH, 1 / RATE_HZ), 10.0)


def shaped(gain: np.ndarray, seed: int = 0) -> np.ndarray:
    """Noise with a spectrum."""
    noise = np.random.default_rng(seed).normal(size=LENGTH)
    return np.fft.irfft(np.fft.rfft(noise) * gain, LENGTH)


def hum(mains_hz: float) -> np.ndarray:
    return sum(np.sin(2 * np.pi * mains_hz * k * T + k) / k for k in range(1, 12))  # type: ignore[return-value]


def breath() -> np.ndarray:
    """Broad hiss around 900 Hz that swells and ebbs every three seconds."""
    return (
        shaped(np.exp(-0.5 * (np.log(FREQ / 900) / 0.9) ** 2)) * np.maximum(0, np.sin(2 * np.pi * T / 3)) ** 2
    )


def typing() -> np.ndarray:
    rng = np.random.default_rng(1)
    sound = np.zeros(LENGTH)
    for start in (np.cumsum(rng.uniform(0.08, 0.3, 40)) * RATE_HZ).astype(int):
        if start + 400 < LENGTH:
            sound[start : start + 400] += rng.normal(size=400) * np.exp(-np.arange(400) / 60)
    return sound


NOISES = {
    "white": np.ones_like(FREQ),
    "pink": FREQ**-0.5,
    "brown": 1 / FREQ,
}


def at_level(sound: np.ndarray, level_db: float) -> np.ndarray:
    return np.clip(sound / sound.std() * 10 ** (level_db / 20), -1, 1).astype(np.float32)


@pytest.mark.parametrize("level_db", [-15, -35, -55])
@pytest.mark.parametrize("name", [*NOISES, "hum 50", "hum 60", "breath", "typing"])
def test_noise_leaves_the_mouth_shut(name: str, level_db: float) -> None:
    sound = {
        "hum 50": lambda: hum(50),
        "hum 60": lambda: hum(60),
        "breath": breath,
        "typing": typing,
    }.get(name, lambda: shaped(NOISES[name]))()
    assert not SpeechGate()(at_level(sound, level_db)).any()


def test_silence_and_full_scale_square_leave_it_shut() -> None:
    assert not SpeechGate()(np.zeros(RATE_HZ, np.float32)).any()
    assert not SpeechGate()(np.sign(np.sin(2 * np.pi * 100 * T)).astype(np.float32)).any()


def voiced(clip: np.ndarray) -> np.ndarray:
    """Frames within 18 dB of the clip's loudest, above 200 Hz: room rumble is not speech."""
    spectrum = np.fft.rfft(clip)
    spectrum[np.fft.rfftfreq(clip.size, 1 / RATE_HZ) < 200] = 0
    count = clip.size // FRAME_SAMPLES
    power = (np.fft.irfft(spectrum, clip.size)[: count * FRAME_SAMPLES].reshape(count, -1) ** 2).mean(1)
    return power > np.percentile(power, 95) / 63


def belonging(values: np.ndarray, count: int) -> np.ndarray:
    """Openness of each frame: values lag by `delay_frames`."""
    return np.append(values[SpeechGate.delay_frames :], np.repeat(values[-1:], SpeechGate.delay_frames))[
        :count
    ]


@pytest.mark.parametrize("gain_db", [0, -30, -45])
def test_speech_opens_it_however_soft(gain_db: float) -> None:
    opened = clear = 0
    gate = SpeechGate()
    for name, _ in DEMO_CLIPS:
        clip = load_clip(name)
        gate.reset()
        speech = voiced(clip)
        openness = belonging(gate(clip * np.float32(10 ** (gain_db / 20))), speech.size)
        clear += np.count_nonzero(speech)
        opened += np.count_nonzero(openness[speech] > 0.5)
        first, last = np.flatnonzero(speech)[[0, -1]]
        assert not openness[: max(0, first - 15)].any()
        after = last + round((HANG_OVER_S + RELEASE_S) * 50) + 15
        assert not openness[after:-1].any()
    assert clear > 300
    assert opened / clear > 0.95


def test_speech_in_room_noise_opens_it_and_the_noise_does_not() -> None:
    clip = load_clip("bbbm2p")
    noisy = clip + at_level(shaped(NOISES["pink"]), -45)[: clip.size]
    speech = voiced(clip)
    openness = belonging(SpeechGate()(noisy), speech.size)
    assert (openness[speech] > 0.5).mean() > 0.95
    assert not openness[: np.flatnonzero(speech)[0] - 5].any()


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=30))
@settings(max_examples=15, deadline=None)
def test_chunked_equals_whole(sizes: list[int]) -> None:
    audio = load_clip("bbbm2p")[11_000:]
    total = min(sum(sizes), audio.size)
    whole = SpeechGate()(audio[:total])
    stream, parts, at = SpeechGate(), [], 0
    for size in sizes:
        parts.append(stream(audio[at : min(at + size, total)]))
        at = min(at + size, total)
        assert stream._pending.size < 512 + FRAME_SAMPLES
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert whole.size == total // FRAME_SAMPLES
    assert whole.dtype == np.float32


def test_opens_and_closes_on_ramps() -> None:
    openness = SpeechGate()(np.concatenate([load_clip("bbbm2p"), np.zeros(RATE_HZ, np.float32)]))
    steps = np.diff(openness)
    assert steps.max() <= 1 / (ATTACK_S * 50) + 1e-6
    assert steps.min() >= -1 / (RELEASE_S * 50) - 1e-6
    assert openness.max() == 1.0
    assert openness.min() == openness[-1] == 0.0


def test_reset_forgets() -> None:
    gate = SpeechGate()
    clip = load_clip("swbo9s")
    first = gate(clip)
    gate.reset()
    np.testing.assert_array_equal(gate(clip), first)
