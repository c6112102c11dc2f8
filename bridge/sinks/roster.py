"""The sinks of a running performance: they come, go and move while frames flow.

The loop walks over a tuple that nobody changes; whoever adds or removes a sink puts another tuple in its place. So
the loop takes no lock, opening and closing happen on the thread that asks (or one of its own), and what fails to
open changes nothing.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from bridge.sinks import Sink, SinkError, SinkStatus, open_sink
from bridge.sinks.guarded import GuardedSink

CLOSE_WAIT_S = 2.0
"""How long the end waits for sinks that were removed just before."""
_TAKEN = {errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)}


class Roster(Sequence[Sink]):
    """A sequence of sinks that changes while it is used. Any thread may ask anything of it.

    Args:
        uris: sinks to begin with, in this order.
        actor: who is being moved, for all of them.

    Raises:
        SinkError: if one cannot be opened; none is open then.
    """

    def __init__(self, uris: Iterable[str] = (), *, actor: str = "face") -> None:
        self._actor = actor
        self._sinks: tuple[GuardedSink, ...] = ()
        self._swap = threading.Lock()  # among those who change it; the loop takes no lock
        self._leaving: list[threading.Thread] = []
        self._closed = False
        try:
            for uri in uris:
                self.add(uri)
        except BaseException:
            self.close()
            raise

    # what the loop sees

    def __iter__(self) -> Iterator[Sink]:
        """The sinks of this moment: one that comes or goes meanwhile is seen at the next call."""
        return iter(self._sinks)

    def __len__(self) -> int:
        return len(self._sinks)

    @overload
    def __getitem__(self, index: int) -> Sink: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sink]: ...
    def __getitem__(self, index: int | slice) -> Sink | Sequence[Sink]:
        return self._sinks[index]

    def uris(self) -> list[str]:
        """What is open, as it was asked for, in order."""
        return [sink.uri for sink in self._sinks]

    def statuses(self) -> list[SinkStatus]:
        """How each one is doing, in order."""
        return [sink.status() for sink in self._sinks]

    # what changes it

    def add(self, uri: str) -> None:
        """Opens another sink; the next frame goes to it too.

        Raises:
            SinkError: if it is open already or cannot be opened; nothing changes then.
        """
        self._refuse_twice(uri)
        self._put(GuardedSink(open_sink(uri, actor=self._actor)), None)

    def remove(self, uri: str) -> None:
        """Takes a sink away at once; it is closed when the frame under way is done.

        Raises:
            SinkError: if no such sink is open.
        """
        with self._swap:
            leaving = self._named(uri)
            self._sinks = tuple(sink for sink in self._sinks if sink is not leaving)
        self._close(leaving)

    def retarget(self, old: str, new: str) -> None:
        """Puts the sink `new` in the place of `old`; no frame is lost between the two.

        Only where `new` needs the very port that `old` holds is `old` closed first; if `new` still cannot be opened,
        `old` is opened again.

        Raises:
            SinkError: if `old` is not open, `new` is open already or cannot be opened; `old` stays then.
        """
        leaving = self._named(old)
        if new == old:
            return
        self._refuse_twice(new)
        try:
            coming = open_sink(new, actor=self._actor)
        except SinkError as error:
            if not _port_taken(error):
                raise
            coming = self._instead(leaving, new)
        self._put(GuardedSink(coming), leaving)
        self._close(leaving)

    def close(self) -> None:
        """Closes all sinks; what is added later is refused. A second call does nothing."""
        with self._swap:
            self._closed = True
            leaving, self._sinks = self._sinks, ()
            threads = list(self._leaving)
        for sink in leaving:
            sink.close()
        for thread in threads:
            thread.join(CLOSE_WAIT_S)

    def _instead(self, leaving: GuardedSink, new: str) -> Sink:
        """`new` on the port of `leaving`, which is closed before and comes back if that was in vain."""
        leaving.close()
        try:
            return open_sink(new, actor=self._actor)
        except SinkError:
            self._put(GuardedSink(open_sink(leaving.uri, actor=self._actor)), leaving)
            raise

    def _named(self, uri: str) -> GuardedSink:
        for sink in self._sinks:
            if sink.uri == uri:
                return sink
        raise SinkError(f"{uri}: no such sink is open; open are: {', '.join(self.uris()) or 'none'}")

    def _refuse_twice(self, uri: str) -> None:
        if uri in self.uris():
            raise SinkError(f"{uri} is open already; one is enough")

    def _put(self, coming: GuardedSink, leaving: GuardedSink | None) -> None:
        """Swaps the tuple for one with `coming`: in the place of `leaving`, or at the end."""
        with self._swap:
            if self._closed:
                reason = f"{coming.uri}: the performance has ended; start another one"
            elif coming.uri in [sink.uri for sink in self._sinks if sink is not leaving]:
                reason = f"{coming.uri} is open already; one is enough"  # by another thread, meanwhile
            elif leaving is not None and leaving not in self._sinks:
                reason = f"{leaving.uri} was removed meanwhile; add {coming.uri} instead"
            else:
                reason = ""
                kept = [coming if sink is leaving else sink for sink in self._sinks]
                self._sinks = tuple(kept if leaving is not None else [*kept, coming])
        if reason:
            coming.close()
            raise SinkError(reason)

    def _close(self, leaving: GuardedSink) -> None:
        """Closes it on a thread of its own: the loop's thread, or a person, may be who asked."""
        thread = threading.Thread(target=leaving.close, name="facecue-leaving", daemon=True)
        with self._swap:
            self._leaving = [one for one in self._leaving if one.is_alive()]
            thread.start()
            self._leaving.append(thread)


def _port_taken(error: SinkError) -> bool:
    return getattr(error.__cause__, "errno", None) in _TAKEN
