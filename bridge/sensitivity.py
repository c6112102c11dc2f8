"""How much small motion moves a mouth, by hand and following the speaker.

The follower hears the size of lip motion, not sound, and is off unless asked for: the network `live` gives a voice
that is 20 dB quieter the same mouth (30 dB: 2 to 8 % smaller), and ten people's mouths, commands to natural talk,
differed by less than a third from the median.
"""

from __future__ import annotations

import math

from bridge.frames import CUE_RATE_HZ

NATURAL_MOUTH_CM = 2.0
"""A lip displacement that sensitivity leaves as it is; only smaller ones are raised or lowered."""
USUAL_CM = 0.56
"""Mean lip displacement in speech: the median of those ten, 0.46 to 0.73."""
FOLLOW_S = 8.0
"""Seconds of speech over which the follower forgets."""
AUTO_RANGE = (0.5, 2.0)
"""Bounds of the factor that the follower puts on sensitivity."""
EFFECTIVE_RANGE = (0.25, 4.0)
"""Bounds of both together: those of sensitivity by hand."""
_SHARE = 1.0 / (FOLLOW_S * CUE_RATE_HZ)


class Sensitivity:
    """The factor on the mouth, frame by frame. State: how far this speaker's lips move on average."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets the speaker."""
        self._mean_cm = USUAL_CM

    @property
    def auto(self) -> float:
        """The factor that the follower would put on sensitivity."""
        low, high = AUTO_RANGE
        return min(max(USUAL_CM / max(self._mean_cm, 1e-6), low), high)

    def __call__(self, extent_cm: float, asked: float, *, auto: bool, speaking: bool) -> float:
        """The factor for lips displaced by `extent_cm`: `asked` for small motion, 1 for a wide-open mouth.

        Args:
            extent_cm: largest displacement of a lip point along an axis.
            asked: sensitivity by hand.
            auto: whether it follows the speaker.
            speaking: whether this frame is one to learn from.
        """
        if auto:
            if speaking:
                self._mean_cm += (extent_cm - self._mean_cm) * _SHARE
            low, high = EFFECTIVE_RANGE
            asked = min(max(asked * self.auto, low), high)
        if asked == 1.0:
            return 1.0
        extent = min(extent_cm / NATURAL_MOUTH_CM, 1.0)
        return asked / math.sqrt(1.0 + (asked * asked - 1.0) * extent * extent)
