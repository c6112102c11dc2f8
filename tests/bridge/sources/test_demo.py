from itertools import islice

import numpy as np

from bridge.frames import RATE_HZ
from bridge.sources import open_source
from bridge.sources.demo import DEMO_CLIPS, load_clip


def test_about_twenty_seconds_of_speech_the_same_every_time() -> None:
    first, second = (list(open_source("demo://", realtime=False)) for _ in range(2))
    audio = np.concatenate([b.samples for b in first])
    assert 18 < audio.size / RATE_HZ < 22
    np.testing.assert_array_equal(audio, np.concatenate([b.samples for b in second]))
    assert 0.05 < audio.std() < 0.5
    assert [round(b.time_s * RATE_HZ) for b in first] == [
        *np.cumsum([0, *(b.samples.size for b in first[:-1])])
    ]


def test_clips_are_short_end_quietly_and_are_credited() -> None:
    from pathlib import Path

    import bridge.sources

    credit = (Path(bridge.sources.__file__).parent / "demo" / "CREDITS.md").read_text()
    assert "GRID" in credit
    assert "Creative Commons Attribution 4.0" in credit
    for name, _ in DEMO_CLIPS:
        clip = load_clip(name)
        assert clip.size <= 3 * RATE_HZ
        assert clip[0] == clip[-1] == 0.0  # no click where they are joined
        assert f"{name}.flac" in credit


def test_loop_begins_again_and_audio_time_runs_on() -> None:
    source = open_source("demo://?loop=1", realtime=False)
    blocks = list(islice(source, 2 * len(DEMO_CLIPS)))
    half = len(DEMO_CLIPS)
    np.testing.assert_array_equal(blocks[0].samples, blocks[half].samples)
    assert blocks[half].time_s > 18
    assert 'speech 7/7: "bin white by h one again"' in source.status().detail
    source.close()
    assert list(source) == []


def test_in_real_time_blocks_are_ten_milliseconds() -> None:
    source = open_source("demo://")
    assert [b.samples.size for b in islice(source, 5)] == [160] * 5
    source.close()
