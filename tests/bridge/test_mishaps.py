import threading
from concurrent.futures import ThreadPoolExecutor

from bridge.mishaps import QUIET_S, Mishaps


def test_a_line_is_due_at_once_and_then_once_a_minute() -> None:
    mishaps = Mishaps()
    assert mishaps.add(5.0) == 1
    assert [mishaps.add(5.0 + QUIET_S * i / 10) for i in range(10)] == [0] * 10
    assert mishaps.add(5.0 + QUIET_S) == 11
    assert mishaps.add(5.0 + 1.5 * QUIET_S) == 0
    assert mishaps.add(5.0 + 9 * QUIET_S) == 2
    assert mishaps.count == 14


def test_threads_tell_of_each_once() -> None:
    mishaps = Mishaps()
    together = threading.Barrier(8)

    def many(_: int) -> list[int]:
        together.wait(10)
        return [mishaps.add(float(i)) for i in range(2000)]

    with ThreadPoolExecutor(8) as threads:
        told = [count for each in threads.map(many, range(8)) for count in each if count]
    assert mishaps.count == 8 * 2000
    assert sum(told) + mishaps.add(1e9) == mishaps.count
