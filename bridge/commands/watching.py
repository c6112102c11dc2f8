"""Recordings as they appear: folders are looked through again and again, and what has stopped growing is a job.

Portable: sizes and times of files, no notices of the system, so network shares are watched like any folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bridge.commands.worklist import Job, Worklist

LOOK_S = 1.0
"""How often the folders are looked through, at the most."""
SETTLED_S = 2.0
"""A file that has had its size and time for so long is taken to be written."""

Stamp = tuple[int, int]


def appearing(
    listed: Callable[[], Worklist],
    is_done: Callable[[Job], bool],
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Job | None]:
    """Jobs as their recordings appear or change, for ever; None where there is nothing to do just now.

    Args:
        listed: looks through the folders; its `todo` is all that lies there, baked or not.
        is_done: whether a job has its takes already; asked once for each state of a recording.
        clock: seconds.
    """
    seen: dict[str, tuple[Stamp, float]] = {}  # what a recording was like, and since when
    given: dict[str, Stamp] = {}
    while True:
        began = clock()
        for job in listed().todo:
            stamp = _stamp(job.recording)
            if stamp is None or given.get(job.name) == stamp:
                continue
            before = seen.get(job.name)
            if before is None or before[0] != stamp:
                seen[job.name] = (stamp, began)
            elif began - before[1] >= SETTLED_S:
                given[job.name] = stamp
                if not is_done(job):
                    yield job
        yield None
        # looking takes longer in large folders: it is never more than half of the time
        pause = max(LOOK_S, clock() - began)
        while clock() - began < pause:
            yield None


def _stamp(path: Path) -> Stamp | None:
    """Size and time of a file; None if it has gone, or holds nothing yet."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if found.st_size else None
