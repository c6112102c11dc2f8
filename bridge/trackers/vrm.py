"""VRM's preset expressions as ARKit weights: what a performer sends whose model has no Perfect Sync.

A blink is a blink and a look a look; vowels and moods are drawn by hand here, one face for each, in the sense in which
`bridge/rigs/vrm1.toml` reads them the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.frames import ARKIT_INDEX

Shares = dict[int, float]
"""Index of a weight → how much of the expression it has."""


def _both(**shares: float) -> dict[str, float]:
    """The same on either side of the face."""
    return {f"{name}{side}": share for name, share in shares.items() for side in ("Left", "Right")}


_FACES: dict[tuple[str, ...], dict[str, float]] = {
    ("blink",): _both(eyeBlink=1.0),
    ("blinkleft", "blink_l"): {"eyeBlinkLeft": 1.0},
    ("blinkright", "blink_r"): {"eyeBlinkRight": 1.0},
    ("lookup",): _both(eyeLookUp=1.0),
    ("lookdown",): _both(eyeLookDown=1.0),
    ("lookleft",): {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0},
    ("lookright",): {"eyeLookOutRight": 1.0, "eyeLookInLeft": 1.0},
    ("aa", "a"): {"jawOpen": 0.5, **_both(mouthLowerDown=0.2)},
    ("ih", "i"): {"jawOpen": 0.1, **_both(mouthStretch=0.5, mouthLowerDown=0.4)},
    ("ou", "u"): {"mouthPucker": 0.6},
    ("ee", "e"): {"jawOpen": 0.2, **_both(mouthStretch=0.5, mouthDimple=0.2)},
    ("oh", "o"): {"jawOpen": 0.3, "mouthFunnel": 0.6, "mouthPucker": 0.2},
    ("happy", "joy"): _both(mouthSmile=0.8, cheekSquint=0.6, eyeSquint=0.3),
    ("angry",): _both(browDown=0.9, noseSneer=0.4, mouthFrown=0.3),
    ("sad", "sorrow"): {"browInnerUp": 0.8, **_both(mouthFrown=0.6)},
    ("relaxed", "fun"): _both(mouthSmile=0.5, eyeSquint=0.2),
    ("surprised",): {"browInnerUp": 0.7, **_both(browOuterUp=0.8, eyeWide=0.7)},
}
PRESETS: dict[str, Shares] = {
    name: {ARKIT_INDEX[shape]: share for shape, share in face.items()}
    for names, face in _FACES.items()
    for name in names
}
"""Name of VRM 1.0 or 0.x in lower case → its face."""


def weights_of(values: Mapping[str, float]) -> Shares:
    """The weights 0..1 of expressions by name, each 0..1, that are shown together."""
    weights: Shares = {}
    for name, value in values.items():
        for shape, share in PRESETS[name].items():
            weights[shape] = min(weights.get(shape, 0.0) + share * value, 1.0)
    return weights
