import math
from typing import Any

import numpy as np
import pytest

from bridge.direction import DirectionConfig
from bridge.frames import ARKIT, ARKIT_INDEX, EMOTIONS
from bridge.serve import WishError
from bridge.serve.wishes import FROM_ARKIT, SHAPES, TONGUE_SHAPES, read_header

messages = pytest.importorskip("nvidia_audio2face_3d.messages_pb2", reason="pip install 'facecue[a2f]'")
audio = pytest.importorskip("nvidia_ace.audio_pb2", reason="pip install 'facecue[a2f]'")


def header(sound: dict[str, int] | None = None, **parts: Any) -> Any:
    usual = {"audio_format": 0, "channel_count": 1, "samples_per_second": 16_000, "bits_per_sample": 16}
    return messages.AudioWithEmotionStreamHeader(
        audio_header=audio.AudioHeader(**usual | (sound or {})), **parts
    )


def face(**values: float) -> dict[str, Any]:
    return {"face_params": messages.FaceParameters(float_params=values)}


def test_the_names_are_the_52_in_their_spelling() -> None:
    assert len(SHAPES) == len(set(SHAPES)) == 52
    assert {name[0].lower() + name[1:] for name in SHAPES} == set(ARKIT)
    assert SHAPES[0] == "EyeBlinkLeft"
    assert [ARKIT[i] for i in FROM_ARKIT][:2] == ["eyeBlinkLeft", "eyeLookDownLeft"]


def test_a_bare_header_changes_nothing() -> None:
    base = DirectionConfig(emotion="happy", brows=0.5)
    wishes = read_header(header(), base)
    assert wishes.direction == base
    assert wishes.rate_hz == 16_000
    assert (wishes.follow, wishes.mix, wishes.clamp, wishes.beginning, wishes.unmet) == (
        True,
        0.5,
        False,
        None,
        (),
    )
    weights = np.linspace(0, 1, 52, dtype=np.float32)
    np.testing.assert_array_equal(wishes.shaped(weights), weights)


def test_multipliers_and_offsets_in_either_spelling() -> None:
    params = messages.BlendShapeParameters(
        bs_weight_multipliers={"JawOpen": 3.0, "mouthClose": 0.0},
        bs_weight_offsets={"JawOpen": -1.0, "TongueOut": 0.5},
    )
    weights = np.full(52, 0.9, np.float32)
    shaped = read_header(header(blendshape_params=params), DirectionConfig()).shaped(weights)
    assert shaped[ARKIT_INDEX["jawOpen"]] == pytest.approx(1.7)  # the example of the published messages
    assert shaped[ARKIT_INDEX["mouthClose"]] == 0
    assert shaped[ARKIT_INDEX["tongueOut"]] == pytest.approx(1.4)
    assert shaped[ARKIT_INDEX["browInnerUp"]] == np.float32(0.9)
    params.enable_clamping_bs_weight = True
    clamped = read_header(header(blendshape_params=params), DirectionConfig()).shaped(weights)
    assert clamped[ARKIT_INDEX["jawOpen"]] == clamped[ARKIT_INDEX["tongueOut"]] == 1


def test_face_strengths_become_gains() -> None:
    asked = face(skinStrength=0.5, upperFaceStrength=1.5, lowerFaceStrength=1.25, lowerFaceSmoothing=0.006)
    made = read_header(header(**asked), DirectionConfig())
    direction = made.direction
    assert (direction.brows, direction.lids) == (0.75, 0.75)
    assert (direction.mouth, direction.jaw) == (0.625, 0.625)
    assert direction.smoothing_ms == pytest.approx(6, abs=1e-4)
    assert made.unmet == ()
    strong = read_header(header(**face(skinStrength=2.0, lowerFaceStrength=2.0)), DirectionConfig())
    assert strong.direction.mouth == 2
    assert strong.unmet == ("lowerFaceStrength beyond 2 times the usual",)


def test_lids_open_and_close_by_weights() -> None:
    weights = np.full(52, 0.5, np.float32)
    blink, wide = ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeWideRight"]
    still = read_header(header(**face(blinkStrength=0.0, eyelidOpenOffset=0.25)), DirectionConfig()).shaped(
        weights
    )
    assert (still[blink], still[wide]) == (0, 0.75)
    sleepy = read_header(header(**face(eyelidOpenOffset=-0.25, blinkOffset=0.125)), DirectionConfig()).shaped(
        weights
    )
    assert (sleepy[blink], sleepy[wide]) == (0.875, 0.5)


def test_emotion_parameters() -> None:
    made = read_header(
        header(
            emotion_post_processing_params=messages.EmotionPostProcessingParameters(
                emotion_strength=0.3, preferred_emotion_strength=1.0, enable_preferred_emotion=False
            ),
            emotion_params=messages.EmotionParameters(
                live_transition_time=0.25, beginning_emotion={"joy": 1.0}
            ),
        ),
        DirectionConfig(),
    )
    assert made.direction.intensity == pytest.approx(0.5)
    assert (made.mix, made.follow, made.transition_s) == (1, False, 0.25)
    assert made.beginning is not None
    assert made.beginning[EMOTIONS.index("happy")] == 1


def test_what_their_own_sample_configuration_asks_for_is_taken() -> None:
    """Values of NVIDIA's config_james.yml that matter: a client that sends them gets its face."""
    shapes = dict.fromkeys((*SHAPES, *TONGUE_SHAPES), 1.0)
    made = read_header(
        header(
            **face(
                upperFaceStrength=1, upperFaceSmoothing=0.001, lowerFaceStrength=1.2, lowerFaceSmoothing=0.006,
                faceMaskLevel=0.6, faceMaskSoftness=0.0085, skinStrength=1.0, eyelidOpenOffset=0.06,
                lipOpenOffset=-0.02, tongueStrength=1.3, tongueHeightOffset=0.0, tongueDepthOffset=0.0,
            ),
            blendshape_params=messages.BlendShapeParameters(
                bs_weight_multipliers=shapes, bs_weight_offsets=dict.fromkeys(shapes, 0.0),
                enable_clamping_bs_weight=False,
            ),
            emotion_params=messages.EmotionParameters(
                live_transition_time=0.0001,
                beginning_emotion={"amazement": 1.0, "fear": 1.0, "pain": 1.0, "anger": 0.0},
            ),
            emotion_post_processing_params=messages.EmotionPostProcessingParameters(
                emotion_contrast=1.0, live_blend_coef=0.7, enable_preferred_emotion=False,
                preferred_emotion_strength=0.5, emotion_strength=0.6, max_emotions=3,
            ),
        ),
        DirectionConfig(),
    )  # fmt: skip
    assert made.unmet == (
        "upperFaceSmoothing",
        "faceMaskLevel",
        "faceMaskSoftness",
        "lipOpenOffset",
        "tongueStrength",
    )
    assert made.direction.intensity == pytest.approx(1)
    assert not made.follow


def test_what_has_no_counterpart_is_named() -> None:
    made = read_header(
        header(
            emotion_post_processing_params=messages.EmotionPostProcessingParameters(
                max_emotions=6, live_blend_coef=0.2
            ),
            blendshape_params=messages.BlendShapeParameters(bs_weight_offsets={"TongueTipUp": 0.5}),
        ),
        DirectionConfig(),
    )
    assert set(made.unmet) == {"max_emotions", "live_blend_coef", "TongueTipUp"}


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"sound": {"channel_count": 2}}, "2 channels; send AUDIO_FORMAT_PCM with 16 bits"),
        ({"sound": {"bits_per_sample": 32}}, "32 bits"),
        ({"sound": {"samples_per_second": 0}}, "samples_per_second is 0"),
        ({"sound": {"samples_per_second": 2**32 - 1}}, "must lie in 8000..192000"),
        (face(smileStrength=1.0), "unknown face parameters 'smileStrength'; known: skinStrength"),
        (face(skinStrength=2.5), "skinStrength is 2.5; it must lie in 0..2"),
        (face(tongueStrength=math.inf), "tongueStrength is inf"),
        ({"face_params": messages.FaceParameters(integer_params={"x": 1})}, "integer_params"),
        (
            {
                "blendshape_params": messages.BlendShapeParameters(
                    bs_weight_multipliers={f"x{n}": 1 for n in range(99)}
                )
            },
            "and 91 more; known: EyeBlinkLeft",
        ),
        (
            {"blendshape_params": messages.BlendShapeParameters(bs_weight_offsets={"JawOpen": math.nan})},
            "JawOpen is nan",
        ),
        (
            {
                "emotion_post_processing_params": messages.EmotionPostProcessingParameters(
                    emotion_strength=1.5
                )
            },
            "emotion_strength is 1.5",
        ),
        (
            {"emotion_params": messages.EmotionParameters(beginning_emotion={"bliss": 1.0})},
            "unknown emotion 'bliss'",
        ),
        (
            {"emotion_params": messages.EmotionParameters(live_transition_time=math.inf)},
            "live_transition_time is inf",
        ),
    ],
)
def test_what_cannot_be_is_refused(parts: dict[str, Any], says: str) -> None:
    with pytest.raises(WishError, match=says):
        read_header(header(**parts), DirectionConfig())
