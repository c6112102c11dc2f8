"""The one table of controls: what a director can ask for, with meaning, unit, range and default.

A control is a field of `DirectionConfig`; its line says everything once. Settings files, options of the command line,
OSC addresses, ZeroMQ requests, the page docs/controls.md and the console are generated from `CONTROLS`. Knows no wire,
and loads no numpy: the command's help needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from bridge.dial import Control, Kind, Value, shown
from bridge.moods import EMOTIONS, STYLES

AUTO = "auto"
"""The voice decides the emotion."""
BLEND = "blend"
"""The shares `blend_*` decide it."""
TARGETS = ("none", "camera", "point", "away")
"""Where eyes can be asked to look."""


def _number_of(
    default: float, low: float, high: float, meaning: str, unit: str = "", *, even: bool = False
) -> Any:
    return _line("number", default, meaning, low=low, high=high, unit=unit, even=even)


def _whole(default: int, low: int, high: int, meaning: str) -> Any:
    return _line("whole", default, meaning, low=low, high=high)


def _switch(default: bool, meaning: str, *, kept: bool = True) -> Any:
    return _line("switch", default, meaning, kept=kept)


def _choice(default: str, choices: tuple[str, ...], meaning: str) -> Any:
    return _line("choice", default, meaning, choices=choices)


def _share(emotion: str) -> Any:
    return _number_of(0.0, 0, 1, f"share of {emotion} in emotion = blend; what is left to 1 is neutral")


def _line(kind: Kind, default: Value, meaning: str, **more: Any) -> Any:
    return field(default=default, metadata={"kind": kind, "meaning": meaning, **more})


@dataclass(frozen=True, slots=True)
class DirectionConfig:
    """What the director asks for: a value for each control. Gains: 0 = still, 1 = as the network gives it.

    Raises:
        ValueError: a value of another type or outside its range.
    """

    emotion: str = _choice(
        AUTO, (AUTO, *EMOTIONS, BLEND), "auto (the voice decides), one emotion, or the blend"
    )
    mix: float = _number_of(
        1.0, 0, 1, "how much of the emotion asked for is blended in, where it is not auto"
    )
    blend_angry: float = _share("anger")
    blend_contempt: float = _share("contempt")
    blend_disgusted: float = _share("disgust")
    blend_fear: float = _share("fear")
    blend_happy: float = _share("happiness")
    blend_neutral: float = _share("no emotion")
    blend_sad: float = _share("sadness")
    blend_surprised: float = _share("surprise")
    intensity: float = _number_of(1.0, 0, 2, "strength of the emotion: 0 none, 1 as people do, 2 twice that")
    brows: float = _number_of(1.0, 0, 2, "gain of the brows")
    lids: float = _number_of(1.0, 0, 2, "gain of the eyelids; blinks are not touched")
    mouth: float = _number_of(1.0, 0, 2, "gain of the lips")
    jaw: float = _number_of(1.0, 0, 2, "gain of the jaw line")
    gaze: float = _number_of(1.0, 0, 2, "gain of the eyes' own turning; limited to 0.6 rad, lids go along")
    head: float = _number_of(
        1.0, 0, 2, "amplitude of the head's turns and shifts; turns are limited to 0.8 rad"
    )
    sensitivity: float = _number_of(
        1.0, 0.25, 4, "how much small motion moves the mouth; a wide-open mouth stays as it is", even=True
    )
    auto_gain: bool = _switch(False, "sensitivity follows the speaker: small talkers open as far as others")
    gate: bool = _switch(True, "keep the mouth at rest while there is no speech")
    blink: bool = _switch(True, "add blinks to the lids' own motion")
    blinks: float = _number_of(
        1.0, 0, 3, "how often the eyes blink, against what is usual for style and emotion"
    )
    target: str = _choice(
        "none",
        TARGETS,
        "where the eyes look: nowhere asked for, the camera, the point, or away from the camera; lids go along",
    )
    target_mix: float = _number_of(
        0.9, 0, 1, "how much of the target is blended into the eyes' own wandering"
    )
    target_x: float = _number_of(
        0.0, -500, 500, "the point, seen from the resting head: to the subject's left", "cm"
    )
    target_y: float = _number_of(2.9, -500, 500, "the point: up; the eyes are at 2.9", "cm")
    target_z: float = _number_of(60.0, 10, 1000, "the point: ahead", "cm")
    smoothing_ms: float = _number_of(
        8.0, 0, 100, "time constant of a filter; 8 delays the face by 2 ms, 30 by a frame", "ms"
    )
    style: str = _choice(
        "actor",
        STYLES,
        "whose manner eyes, head and mouth have: readers are still, speakers lively, actors between",
    )
    temperature: float = _number_of(
        1.0, 0, 2, "how much chance there is in eyes and head: 0 none, 1 as people have"
    )
    seed: int = _whole(0, 0, 2**32 - 1, "which blinks, glances and head movements out of all the likely ones")
    mute: bool = _switch(False, "the face does not hear: it idles as in silence", kept=False)
    pause: bool = _switch(False, "the face goes to rest and stays there", kept=False)

    def __post_init__(self) -> None:
        for name, control in CONTROLS.items():
            object.__setattr__(self, name, control.check(getattr(self, name)))

    @property
    def shares(self) -> tuple[float, ...] | None:
        """What is asked of each of `EMOTIONS`, summing to 1; None: the voice decides."""
        if self.emotion == AUTO:
            return None
        if self.emotion != BLEND:
            return tuple(float(name == self.emotion) for name in EMOTIONS)
        asked = [float(getattr(self, f"blend_{name}")) for name in EMOTIONS]
        total = sum(asked)
        if total > 1.0:
            return tuple(share / total for share in asked)
        asked[EMOTIONS.index("neutral")] += 1.0 - total
        return tuple(asked)


CONTROLS: Mapping[str, Control] = {
    f.name: Control(f.name, default=f.default, **f.metadata)  # type: ignore[arg-type]
    for f in fields(DirectionConfig)
}
"""name → its line, in the order in which people read them."""


def control(name: object) -> Control:
    """The line of a name.

    Raises:
        ValueError: an unknown one; the message lists the known.
    """
    found = CONTROLS.get(name) if isinstance(name, str) else None
    if found is None:
        raise ValueError(f"unknown control {shown(name)}; known: {', '.join(CONTROLS)}")
    return found


def assignments(texts: Sequence[str]) -> dict[str, Value]:
    """`NAME=VALUE` of the command line, checked.

    Raises:
        ValueError: no `=`, an unknown name, or a value that cannot be.
    """
    values: dict[str, Value] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise ValueError(f"{shown(text)} names no value; write it as in mouth=1.2")
        values[name.strip()] = control(name.strip()).loose(value)
    return values


def table() -> list[dict[str, Any]]:
    """The table as plain maps, for wires and pages."""
    return [asdict(line) | {"choices": list(line.choices)} for line in CONTROLS.values()]
