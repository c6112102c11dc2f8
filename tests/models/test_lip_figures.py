"""The figures say what they should of mouths whose faults are known."""

from pathlib import Path

import numpy as np
import pytest

from bridge import landmarks as face
from models.data.corpus import features_of, speaker_of, speed_changed
from models.data.layouts import RAVDESS_EMOTIONS
from models.data.motion import gaze_of, rotation_vectors
from models.data.tracks import audio_beside, cue_times, neutral_of, read_audio, read_track, speech_mask
from models.evaluation import lips, voice_emotion
from models.evaluation.clips import read_clip


@pytest.fixture
def clip(data_folder: Path) -> Path:
    return min((data_folder / "grid_s1" / "val").glob("*.npz"))


def truth(clip: Path) -> np.ndarray:
    samples, track = read_audio(audio_beside(clip)), read_track(clip)
    return track.at(cue_times(samples.size), track.landmarks)


def judged(clip: Path, landmarks: np.ndarray) -> lips.LipFigures:
    return lips.figures(landmarks.astype(np.float32), read_clip(clip))


def test_the_truth_is_perfect(clip: Path) -> None:
    found = judged(clip, truth(clip))
    assert found.gap_r == pytest.approx(1, abs=1e-4)
    assert found.best_lag_ms == 0
    assert found.mouth_mm == pytest.approx(0, abs=1e-3)
    assert found.closure_f1 == found.closure_precision == found.closure_recall == pytest.approx(1)
    assert all(f1 == pytest.approx(1) for f1 in found.closure_f1_at.values() if np.isfinite(f1))
    assert found.mouth_px == pytest.approx(0, abs=1e-2)
    assert found.velocity_mm_s == pytest.approx(0, abs=1e-2)
    assert found.speed_ratio == pytest.approx(1, abs=1e-3)
    assert found.viseme_rate == found.tracked_viseme_rate > 1


def test_a_late_mouth_is_found_late(clip: Path) -> None:
    late = np.concatenate([truth(clip)[:1].repeat(3, 0), truth(clip)[:-3]])
    found = judged(clip, late)
    assert found.best_lag_ms == pytest.approx(60)
    assert found.gap_r < found.best_r - 0.05


def test_two_frames_late_is_forty_milliseconds(clip: Path) -> None:
    late = np.concatenate([truth(clip)[:1].repeat(2, 0), truth(clip)[:-2]])
    early = np.concatenate([truth(clip)[2:], truth(clip)[-1:].repeat(2, 0)])
    assert judged(clip, late).best_lag_ms == pytest.approx(40)
    assert judged(clip, early).best_lag_ms == pytest.approx(-40)


def test_r_does_not_see_size_but_speed_and_error_do(clip: Path) -> None:
    whole, neutral = truth(clip), neutral_of(read_track(clip))
    half = judged(clip, neutral + 0.5 * (whole - neutral))
    assert half.gap_r == pytest.approx(1, abs=0.01)
    assert half.speech_r == pytest.approx(1, abs=0.01)
    assert half.closure_f1 > 0.9
    assert half.speed_ratio == pytest.approx(0.5, abs=0.01)
    assert half.mouth_ratio == pytest.approx(0.5, abs=0.01)


def test_figures_in_millimetres_match_a_known_fault(clip: Path) -> None:
    """One lip point swings by ±2 mm from frame to frame, the rest is true."""
    faulty = truth(clip).copy()
    swing = 0.2 * (-1.0) ** np.arange(len(faulty))
    faulty[:, 48, 2] += swing
    found = judged(clip, faulty)
    assert found.worst_mm == pytest.approx(2, abs=0.05)
    assert found.mouth_mm == pytest.approx(2 / 20, abs=0.01)
    assert found.face_mm == pytest.approx(2 / 68, abs=0.01)
    assert found.velocity_mm_s == pytest.approx(4 * 50 / 20, abs=0.2)  # 4 mm a frame in one of 20 points


def test_a_system_of_another_length_is_refused(clip: Path) -> None:
    with pytest.raises(ValueError, match=r"149 frames of landmarks for a recording of 150"):
        judged(clip, truth(clip)[:-1])


def test_a_static_mouth_has_no_r_and_a_ratio_of_one(clip: Path) -> None:
    samples = read_audio(audio_beside(clip))
    found = judged(clip, lips.static_mouth(samples))
    assert found.gap_r == 0
    assert found.mouth_ratio == pytest.approx(1, abs=1e-3)
    assert found.jitter_mm == found.best_lag_ms == found.viseme_rate == found.speed_ratio == 0
    assert found.closure_f1 == 0


def test_loudness_opens_the_amplitude_mouth(clip: Path) -> None:
    found = judged(clip, lips.amplitude_mouth(read_audio(audio_beside(clip))))
    assert found.gap_r > 0.8  # the made clips open with loudness
    made = [lips.amplitude_mouth(read_audio(audio_beside(clip)))]
    assert lips.absolute_mouth_ratio(made, [read_clip(clip)]) < 1


def test_speech_mask_marks_syllables_and_not_the_start(clip: Path) -> None:
    samples = read_audio(audio_beside(clip))
    mask = speech_mask(samples, 150)
    assert not mask[:10].any()
    assert 0.2 < mask.mean() < 0.9
    # frames past the end of the sound are silence, not an error
    assert not speech_mask(samples, 200)[160:].any()


def test_neutral_is_the_closed_face(clip: Path) -> None:
    neutral = neutral_of(read_track(clip))
    assert float(face.lip_gap(neutral)) < 0.1


def test_speed_change_moves_sound_and_targets_together(clip: Path) -> None:
    from models.data.corpus import clip_from

    track = read_track(clip)
    whole = clip_from(clip, "grid", read_audio(audio_beside(clip)), track, neutral_of(track))
    fast = speed_changed(whole, 1.25)
    assert fast.frames == pytest.approx(whole.frames / 1.25, abs=1)
    assert fast.displacement is not None
    assert whole.displacement is not None
    assert len(fast.displacement) == fast.frames == len(fast.mel) // 2
    np.testing.assert_allclose(fast.displacement[40], whole.displacement[50], atol=0.25)
    assert features_of(read_audio(audio_beside(clip))).shape == (300, 80)


def test_unreadable_tracks_and_rates_say_why(tmp_path: Path) -> None:
    import soundfile

    np.savez(tmp_path / "x.npz", time_s=np.zeros(3))
    with pytest.raises(ValueError, match="misses iris, landmarks, ok, pose"):
        read_track(tmp_path / "x.npz")
    soundfile.write(tmp_path / "x.wav", np.zeros(100), 44100)
    with pytest.raises(ValueError, match=r"44100 Hz.*16000"):
        read_audio(tmp_path / "x.wav")


def test_gaze_signs_and_rotation_vectors() -> None:
    landmarks = np.repeat(face.neutral_face()[None], 5, 0)
    iris = np.zeros((5, 10, 3), np.float32)
    iris[:, :5] = landmarks[:, [36, 39]].mean(1)[:, None]
    iris[:, 5:] = landmarks[:, [42, 45]].mean(1)[:, None]
    iris[4, :, 0] += 0.3  # to the subject's left
    iris[4, :, 1] += 0.2  # up
    gaze = gaze_of(iris, landmarks)
    assert (gaze[4, :, 0] > 0.2).all()
    assert (gaze[4, :, 1] > 0.1).all()
    assert np.abs(gaze[:4]).max() < 1e-6
    c, s = np.cos(0.3), np.sin(0.3)
    turn = np.array([[[c, 0, s], [0, 1, 0], [-s, 0, c]], np.eye(3)], np.float32)
    np.testing.assert_allclose(rotation_vectors(turn), [[0, 0.3, 0], [0, 0, 0]], atol=1e-5)


def test_names_and_labels() -> None:
    assert speaker_of("Obama_clip2") == speaker_of("Obama_clip1") == "Obama"
    assert speaker_of("andrew_clip_1") == "andrew"
    assert set(RAVDESS_EMOTIONS.values()) == {
        "neutral",
        "happy",
        "sad",
        "angry",
        "fear",
        "disgusted",
        "surprised",
    }


def test_unweighted_accuracy_counts_classes_not_clips() -> None:
    def always_happy(samples: np.ndarray) -> np.ndarray:
        out = np.full((50, 8), 0.01, np.float32)
        out[:, 4] = 0.9
        return out

    clips = [(np.zeros(16000, np.float32), 4)] * 9 + [(np.zeros(16000, np.float32), 0)]
    assert voice_emotion.unweighted_accuracy(always_happy, clips) == pytest.approx(0.5)


def certain(winners: np.ndarray) -> np.ndarray:
    """Probabilities of 0.93 for the winner of each frame."""
    out = np.full((len(winners), 8), 0.01, np.float32)
    out[np.arange(len(winners)), winners] = 0.93
    return out


def test_flicker_counts_changes_after_the_first_second_of_speech() -> None:
    rng = np.random.default_rng(0)
    samples = np.concatenate([np.zeros(16000), 0.3 * rng.normal(size=4 * 16000)]).astype(np.float32)

    def nervous(heard: np.ndarray) -> np.ndarray:
        return certain(np.arange(len(heard) // 320) // 25 % 2)  # every half second

    often, moved = voice_emotion.flicker(nervous, [(samples, 4)])
    assert often == pytest.approx(2.0, abs=0.1)
    assert moved == pytest.approx(2 * 0.92 / 8 / 25, rel=0.1)
    assert voice_emotion.flicker(lambda heard: certain(np.full(len(heard) // 320, 4)), [(samples, 4)]) == (
        0,
        0,
    )


def test_lag_is_from_the_change_until_the_new_emotion_wins() -> None:
    silence = np.zeros(200 * 320, np.float32)
    found = [voice_emotion.Splice(silence, at, 0, 4) for at in (50, 60, 70)]
    late = iter((80, 80, 80, 300, 80, 80))

    def turns(heard: np.ndarray) -> np.ndarray:
        return certain(np.where(np.arange(len(heard) // 320) < next(late), 0, 4))

    assert voice_emotion.lag(turns, found) == (pytest.approx((80 - 60) / 50), 1.0)
    _, share = voice_emotion.lag(turns, found)
    assert share == pytest.approx(2 / 3)  # one never arrives
    always = voice_emotion.lag(lambda heard: certain(np.full(len(heard) // 320, 4)), found)
    assert np.isnan(always[0])
    assert always[1] == 0


def test_splices_are_one_actor_from_word_to_word(data_folder: Path) -> None:
    found = voice_emotion.splices(data_folder)
    assert len(found) == len(voice_emotion.CHANGES)  # one actor is held out
    for splice in found:
        assert 0 < splice.at < splice.samples.size // 320
        assert splice.before != splice.after
        around = splice.samples[(splice.at - 5) * 320 : (splice.at + 5) * 320]
        assert float(np.abs(around).max()) > 0.005  # no pause between
