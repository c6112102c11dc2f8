"""The director's hand: which emotion, how strongly, which part of the face, where the eyes look and when they blink.

Sits on both sides of the network: `steering_at` says what to ask of it, `__call__` shapes what it gives.
A function of audio time and the gate alone: the same take gives the same frames. What can be asked is the table of
`bridge.controls`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bridge import landmarks as face
from bridge.aim import MAX_GAZE_RAD as MAX_GAZE_RAD
from bridge.aim import Aim
from bridge.blink import Blinks, close_lids, usual_rate
from bridge.controls import DirectionConfig as DirectionConfig
from bridge.controls import control
from bridge.frames import CUE_RATE_HZ, Cues, Floats, Steering
from bridge.gains import Gains
from bridge.lids import follow
from bridge.own_neutral import OwnNeutral
from bridge.rest import REST_FRAMES, scaled_rotation, toward_rest
from bridge.sensitivity import Sensitivity
from bridge.smoothstep import smoothstep
from bridge.steering import Asked, SteeringEase

RELEASE_S = 0.16
"""The mouth comes to rest in this time after the gate closed; how it opens is the gate's."""
MAX_HEAD_RAD = 0.8
"""Head rotations beyond this angle stop there: 46° is as far as a talking head turns."""
VOICED = 0.5
"""Probability of a voice from which on a frame says how far this speaker's lips move."""

_LIPS = slice(face.MOUTH[0], face.MOUTH[-1] + 1)


class Direction:
    """Shapes cues as the director asks. Feed it the frames of one stream in order.

    Args:
        config: what to do; may be swapped at any time and from any thread with `configure`, `change` or `set_emotion`.
        neutral: (68, 3) cm, the resting face.
    """

    def __init__(self, config: DirectionConfig, neutral: Floats) -> None:
        self.neutral = np.asarray(neutral, np.float32)
        if self.neutral.shape != (face.COUNT, 3):
            raise ValueError(f"the neutral face must be (68, 3); got {self.neutral.shape}")
        self._config = config
        self._ease = SteeringEase(*self._asked)
        self._swap = threading.Lock()  # among those who change it; the loop takes no lock
        upper, lower = self.neutral[list(face.UPPER_LID)], self.neutral[list(face.LOWER_LID)]
        self._open_cm: list[float] = (upper - lower)[:, 1].tolist()
        self._weight = np.empty((face.COUNT, 1), np.float32)  # scratch
        self._sensitivity = Sensitivity()
        self.own_neutral = OwnNeutral()
        """The face that counts as this actor's resting one; stays over a reset."""
        self.reset()

    @property
    def config(self) -> DirectionConfig:
        """What is being asked for now."""
        return self._config

    def configure(self, config: DirectionConfig) -> None:
        """Takes over from the next frame; emotion, gains and target ease over, the blinks' `seed` waits for a reset."""
        with self._swap:
            self._config = config

    def change(self, **values: Any) -> None:
        """Asks for other values of some controls, all of them or, where one is wrong, none.

        Raises:
            ValueError: an unknown control, or a value that it cannot have.
        """
        checked = {name: control(name).check(value) for name, value in values.items()}
        with self._swap:
            self._config = replace(self._config, **checked)  # type: ignore[arg-type]

    def set_emotion(self, emotion: str, *, mix: float | None = None, intensity: float | None = None) -> None:
        """Asks for another emotion ("auto" or one of `EMOTIONS`), eased in over `EASE_S`.

        Raises:
            ValueError: an unknown emotion or a value out of range; nothing changes then.
        """
        with self._swap:
            old = self._config
            self._config = replace(
                old,
                emotion=emotion,
                mix=old.mix if mix is None else mix,
                intensity=old.intensity if intensity is None else intensity,
            )

    def keep_neutral(self, offset_cm: Sequence[Sequence[float]]) -> None:
        """Takes over a resting face (68, 3) that was captured at another time; an empty one lets go."""
        if len(offset_cm):
            self.own_neutral.keep(np.array(offset_cm, np.float32))
        else:
            self.own_neutral.let_go()

    def reset(self) -> None:
        """Back to the first frame of a stream, with the configuration of now."""
        config = self._config
        self._applied = config
        self._gains = Gains(config)
        self._blinks = Blinks(1.0, config.seed)  # `__call__` says how often
        self._aim = Aim(self.neutral, config.seed)
        self._sensitivity.reset()
        self.own_neutral.settle()
        self._rested = REST_FRAMES if config.pause else 0  # frames on the way to rest
        self._openness = 0.0
        self._moved: Floats | None = None  # smoothed displacement (68, 3); None before the first frame
        self._gaze: Floats | None = None  # smoothed (2, 2); None before the first frame, as is
        self._shift: Floats = np.zeros(3, np.float32)  # the head's translation
        self._rotation: Floats = np.array((0, 0, 0, 1), np.float32)  # and rotation
        self._ease.reset(*self._asked)
        self._steering = self._manner(self._ease.steering)

    # what is asked of the network

    @property
    def _asked(self) -> Asked:
        config = self._config
        return config.shares, config.mix, config.intensity

    @property
    def steering(self) -> Steering:
        """What was asked of the network last."""
        return self._steering

    @property
    def steady(self) -> bool:
        """Whether the steering stays as it is until the configuration changes."""
        return self._ease.steady(*self._asked)

    def steering_at(self, time_s: float) -> Steering:
        """What to ask of the network for the sound at `time_s`; a change eases in from here on."""
        self._steering = self._manner(self._ease(time_s, *self._asked))
        return self._steering

    def _manner(self, steering: Steering) -> Steering:
        """With the style, temperature and seed of now."""
        config = self._config
        return replace(steering, style=config.style, temperature=config.temperature, seed=config.seed)

    # what the network gave

    def __call__(self, cues: Cues, gate: float, speaking: bool | None = None) -> Cues:
        """The directed frame; `cues` is left as it is.

        Args:
            cues: the network's frame.
            gate: openness of the speech gate for it, 0 (the mouth rests) … 1 (it moves as it likes).
            speaking: whether somebody speaks, for the blinks; None: where the gate is open.
        """
        config = self._config
        if config is not self._applied:
            self._applied = config
            self._gains.aim_for(config)
        self._gains.advance()
        if config.mute:
            gate, speaking = 0.0, False
        voiced = gate > 0.0 if speaking is None else speaking
        opened = self._opened(gate if config.gate or config.mute else 1.0)
        landmarks = self._shaped(cues.landmarks, opened, voiced and cues.voice >= VOICED)
        usual = usual_rate(config.style, cues.emotion, min(1.0, config.intensity))
        self._blinks.rate_per_min = config.blinks * usual
        right, left = self._blinks(
            cues.time_s, gate if speaking is None else float(speaking)
        )  # runs on while switched off, so that none waits
        gaze, translation, rotation = self._turn(cues)
        gaze = self._aim(config, cues.time_s, gaze, rotation, translation)
        follow(landmarks, self._pitched(gaze), self._gains.lids, self._open_cm)
        close_lids(landmarks, *((right, left) if config.blink else (0.0, 0.0)), self._open_cm)
        shown = Cues(cues.n, cues.time_s, landmarks, gaze, rotation, translation, cues.emotion, cues.voice)
        return self._paused(shown) if config.pause or self._rested else shown

    def _pitched(self, gaze: Floats) -> list[float]:
        """Pitch of each eye over the network's own, for which it has lids."""
        own = gaze if self._gaze is None else self._gaze
        turned: list[float] = (gaze[:, 1] - own[:, 1]).tolist()
        return turned

    def _paused(self, cues: Cues) -> Cues:
        """On the way to rest or back from it, with a soft start and end."""
        step = 1 if self._applied.pause else -1
        self._rested = min(max(self._rested + step, 0), REST_FRAMES)
        return toward_rest(cues, cues.n, smoothstep(self._rested / REST_FRAMES), self.neutral)

    def _opened(self, gate: float) -> float:
        """The gate, followed at once as it opens and over `RELEASE_S` as it closes, with a soft start and end."""
        self._openness = max(gate, self._openness - 1.0 / (CUE_RATE_HZ * RELEASE_S))
        return smoothstep(min(self._openness, 1.0))

    def _shaped(self, landmarks: Floats, openness: float, voiced: bool) -> Floats:
        """Smoothing, own neutral, gains and gate: a fresh (68, 3)."""
        gains = self._gains
        shaped: Floats = landmarks - self.neutral
        if self._moved is None:
            self._moved = shaped.copy()
        else:
            shaped -= self._moved
            shaped *= gains.face
            self._moved += shaped
        np.multiply(gains.speech, np.float32(openness * self._sensed(voiced)), out=self._weight)
        self._weight += gains.still
        offset = self.own_neutral.offset_for(self._moved, openness)
        moved = self._moved if offset is None else self._moved - offset
        np.multiply(moved, self._weight, out=shaped)
        shaped += self.neutral
        return shaped

    def _sensed(self, voiced: bool) -> float:
        """The factor that sensitivity puts on the mouth."""
        config = self._applied
        if (config.sensitivity == 1.0 and not config.auto_gain) or self._moved is None:
            return 1.0
        extent_cm = float(np.abs(self._moved[_LIPS]).max())
        return self._sensitivity(extent_cm, config.sensitivity, auto=config.auto_gain, speaking=voiced)

    def _turn(self, cues: Cues) -> tuple[Floats, Floats, Floats]:
        """Gaze (2, 2), head translation (3,) and head rotation (4,), smoothed, scaled and limited."""
        gains = self._gains
        if self._gaze is None:
            self._gaze, self._shift = cues.gaze.astype(np.float32), cues.head_translation.astype(np.float32)
            self._rotation = cues.head_rotation.astype(np.float32)
        else:
            self._gaze = self._gaze + gains.face * (cues.gaze - self._gaze)
            self._shift = self._shift + gains.head * (cues.head_translation - self._shift)
            turned = cues.head_rotation
            if float(turned @ self._rotation) < 0.0:  # q and −q are one rotation: take the nearer
                turned = -turned
            self._rotation = self._rotation + gains.head * (turned - self._rotation)
        # scaling reads the angle with atan2, so the rotation need not have unit length
        limit = np.float32(MAX_GAZE_RAD)
        gaze: Floats = np.minimum(np.maximum(self._gaze * np.float32(gains.gaze), -limit), limit)
        shift = self._shift * np.float32(gains.turn)
        return gaze, shift, scaled_rotation(self._rotation, gains.turn, MAX_HEAD_RAD)
