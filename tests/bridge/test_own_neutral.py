import time

import numpy as np

from bridge.own_neutral import OwnNeutral


def test_a_face_that_does_not_come_is_waited_for_once() -> None:
    neutral = OwnNeutral()
    neutral.catch()
    began = time.perf_counter()
    assert neutral.caught(0.2) == (False, None)
    first = time.perf_counter() - began
    assert first >= 0.2
    neutral.catch()  # asked for again: it is the same wish
    began = time.perf_counter()
    for _ in range(20):
        assert neutral.caught(0.2) == (False, None)
    assert time.perf_counter() - began < 20 * 0.2 / 2


def test_a_face_that_came_is_handed_over() -> None:
    neutral, moved = OwnNeutral(), np.full((68, 3), 0.1, np.float32)
    neutral.catch()
    neutral.offset_for(moved, 1.0)
    done, kept = neutral.caught(0.5)
    assert done
    np.testing.assert_allclose(kept, moved)
