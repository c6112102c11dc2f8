"""Packets that are lost, late and twice: receivers know by number what is missing, and read nothing wrong."""

import time

import pytest

from benchmarks.reliability.loss import Relay
from benchmarks.reliability.numbered import LiveLinkReader, OscReader, Reader, VmcReader
from benchmarks.reliability.sender import Sender

SECONDS = 2.0


def through(wire: str, reader: Reader) -> tuple[Relay, int]:
    relay = Relay(reader.take)  # type: ignore[attr-defined]
    sender = Sender(f"{wire}://127.0.0.1:{relay.port}")
    time.sleep(SECONDS)
    sender.close()
    time.sleep(0.3)
    relay.close()
    assert relay.lost
    assert relay.late
    return relay, sender.frames


@pytest.mark.parametrize(("wire", "packets"), [("osc", 2), ("livelink", 1)])
def test_numbers_tell_what_is_missing(wire: str, packets: int) -> None:
    reader = OscReader() if wire == "osc" else LiveLinkReader()
    relay, frames = through(wire, reader)
    assert relay.came == packets * frames
    assert reader.misread == 0
    assert reader.stale > 0  # late ones are known to be old
    # all but those that were still held back at the end, and behind the newest
    assert reader.missing + len(reader.seen) == reader.newest + 1
    assert frames - 10 <= reader.newest + 1 <= frames
    if packets == 1:
        assert abs(reader.missing - relay.lost) <= 5


def test_one_who_does_not_look_at_the_numbers_misreads() -> None:
    class Careless(OscReader):
        def take(self, packet: bytes) -> None:
            super().take(packet)
            if "landmarks" in self._face:  # whatever came last is this frame's
                points = self._face["landmarks"][1:]
                self._face["landmarks"] = (self.newest + 1, *points)

    reader = Careless()
    through("osc", reader)
    assert reader.misread > 0


def test_vmc_has_no_numbers_and_mixes_at_most_frames_of_late() -> None:
    reader = VmcReader(lambda: 10_000)
    reader._sent = lambda: 200  # all that can have been sent in this time
    try:
        through("vmc", reader)
    finally:
        reader.close()
    assert reader.misread == 0
    assert len(reader.seen) > 50
