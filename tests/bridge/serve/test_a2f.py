"""The server with NVIDIA's own stubs as its client."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pytest
import soxr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("grpc", reason="pip install 'facecue[a2f]'")
pytest.importorskip("nvidia_audio2face_3d", reason="pip install 'facecue[a2f]'")

import grpc
from nvidia_ace.audio_pb2 import AudioHeader
from nvidia_audio2face_3d.audio2face_pb2_grpc import A2FControllerServiceStub
from nvidia_audio2face_3d.messages_pb2 import (
    AudioWithEmotion,
    AudioWithEmotionStream,
    AudioWithEmotionStreamHeader,
    BlendShapeParameters,
    EmotionAggregate,
    EmotionPostProcessingParameters,
    EmotionWithTimeCode,
    FaceParameters,
)

from bridge.address import endpoints
from bridge.assembly import assemble
from bridge.config import LiveConfig
from bridge.frames import RATE_HZ, AudioBlock, Floats
from bridge.pipeline import Pipeline
from bridge.resample import Resampler
from bridge.serve import Limits, ServeError, Serving
from bridge.serve.a2f import A2FServer
from bridge.serve.conversation import METHOD, SERVICE
from bridge.serve.door import Door
from bridge.serve.wishes import FROM_ARKIT, SHAPES
from bridge.sources.demo import load_clip

Code = grpc.StatusCode
END = AudioWithEmotionStream(end_of_audio=AudioWithEmotionStream.EndOfAudio())
SAME = {"rtol": 0, "atol": 0.03}
"""The shipped network rounds to 8 bits by what it is given at once: the house's tolerance for other pieces."""
SECRET = "-".join(("correct", "horse", "battery"))


@contextmanager
def serving(
    door: Door | None = None, host: str = "127.0.0.1", fps: int = 50, strict: bool = False, **limits: Any
) -> Iterator[A2FServer]:
    (place,) = endpoints("x", f"{host}:0", lowest_port=0)
    made = A2FServer(place, LiveConfig(), door or Door(None), Serving(fps, strict, Limits(**limits)))
    try:
        yield made
    finally:
        made.close()
        assert not made._watcher.is_alive()


@pytest.fixture(scope="module")
def server() -> Iterator[A2FServer]:
    with serving() as made:
        yield made


@contextmanager
def channel(server: A2FServer) -> Iterator[Any]:
    with grpc.insecure_channel(
        f"127.0.0.1:{server.port}", options=(("grpc.enable_http_proxy", 0),)
    ) as connection:
        yield connection


def header(rate: int = RATE_HZ, sound: dict[str, int] | None = None, **parts: Any) -> Any:
    usual = {"audio_format": 0, "channel_count": 1, "samples_per_second": rate, "bits_per_sample": 16}
    made = AudioWithEmotionStreamHeader(audio_header=AudioHeader(**usual | (sound or {})), **parts)
    return AudioWithEmotionStream(audio_stream_header=made)


def voice(data: bytes, **codes: float) -> Any:
    """Sound, and emotions as `joy_1_5=0.8`: name, time code, strength."""
    emotions = []
    for text, strength in codes.items():
        name, _, time_code = text.partition("_")
        emotions.append(
            EmotionWithTimeCode(time_code=float(time_code.replace("_", ".")), emotion={name: strength})
        )
    return AudioWithEmotionStream(audio_with_emotion=AudioWithEmotion(audio_buffer=data, emotions=emotions))


def chunks(pcm: bytes, size: int = 32_000) -> list[Any]:
    return [voice(pcm[at : at + size]) for at in range(0, len(pcm), size)]


def spoken(rate: int = RATE_HZ, name: str = "bbbm2p") -> bytes:
    clip = load_clip(name)
    samples = clip if rate == RATE_HZ else soxr.resample(clip, RATE_HZ, rate)
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


@dataclass
class Got:
    """What a stream brought."""

    names: list[str] = field(default_factory=list)
    rate: int = 0
    times: list[float] = field(default_factory=list)
    weights: list[list[float]] = field(default_factory=list)
    felt: list[dict[str, float]] = field(default_factory=list)
    inputs: list[tuple[float, float]] = field(default_factory=list)
    audio: bytes = b""
    audio_times: list[float] = field(default_factory=list)
    status: str = ""


def ask(server: A2FServer, requests: list[Any], **call: Any) -> Got:
    got = Got()
    with channel(server) as connection:
        for message in A2FControllerServiceStub(connection).ProcessAudioStream(
            iter(requests), timeout=60, **call
        ):
            assert not got.status, "nothing comes after the status"
            part = message.WhichOneof("stream_part")
            if part == "animation_data_stream_header":
                assert not got.names
                got.names = list(message.animation_data_stream_header.skel_animation_header.blend_shapes)
                got.rate = message.animation_data_stream_header.audio_header.samples_per_second
                assert (
                    abs(message.animation_data_stream_header.start_time_code_since_epoch - time.time()) < 60
                )
            elif part == "animation_data":
                data = message.animation_data
                for frame in data.skel_animation.blend_shape_weights:
                    got.times.append(frame.time_code)
                    got.weights.append(list(frame.values))
                aggregate = EmotionAggregate()
                assert data.metadata["emotion_aggregate"].Unpack(aggregate)
                got.felt.append(dict(aggregate.a2f_smoothed_output[0].emotion))
                got.inputs += [(got.times[-1], code.time_code) for code in aggregate.input_emotions]
                got.audio += data.audio.audio_buffer
                got.audio_times.append(data.audio.time_code)
            else:
                assert part == "status"
                assert message.status.code == message.status.SUCCESS
                got.status = message.status.message
    return got


def refused(server: A2FServer, requests: Any, **call: Any) -> Any:
    """The gRPC error of a stream that is not answered to its end."""
    before = server.refusals.count
    with channel(server) as connection, pytest.raises(grpc.RpcError) as error:
        for _ in A2FControllerServiceStub(connection).ProcessAudioStream(iter(requests), timeout=60, **call):
            pass
    assert server.refusals.count == before + 1
    assert server.tally.running == 0
    return error.value


@cache
def pipeline_of_ours() -> Pipeline:
    return assemble(LiveConfig()).pipeline


def offline(pcm: bytes, rate: int = RATE_HZ, size: int | None = None) -> Floats:
    """(T, 52) what the pipeline gives for the same sound, in their order; whole, or in runs of so many bytes."""
    pipeline = pipeline_of_ours()
    pipeline.reset()
    resampler = Resampler(rate, 1, live=False)
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    size = samples.size if size is None else size // 2
    runs = [resampler(samples[at : at + size]) for at in range(0, samples.size, size)] + [resampler.flush()]
    frames, heard = [], 0
    for run in runs:
        frames += pipeline.feed(AudioBlock(run, heard / RATE_HZ, 0.0))
        heard += run.size
    frames += pipeline.flush()
    return np.stack([frame.weights for frame in frames])[:, FROM_ARKIT]


# a sentence


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_sentence_is_answered_as_the_pipeline_answers_it(server: A2FServer, rate: int) -> None:
    pcm = spoken(rate)
    got = ask(server, [header(rate), *chunks(pcm, 3200), END])
    expected = offline(pcm, rate, size=3200)
    assert got.names == list(SHAPES)
    assert got.rate == rate
    np.testing.assert_allclose(got.times, (np.arange(len(expected)) + 0.5) / 50, rtol=1e-9)
    np.testing.assert_array_equal(np.float32(got.weights), expected)
    np.testing.assert_allclose(got.weights, offline(pcm, rate), **SAME)
    assert expected.max() > 0.2
    assert got.audio == pcm
    np.testing.assert_allclose(got.audio_times, np.arange(len(expected)) / 50, atol=1 / rate)
    assert got.status == "sent all data"


def test_the_next_stream_knows_nothing_of_the_last(server: A2FServer) -> None:
    ask(server, [header(), voice(spoken(name="srwo6n"), anger_0=1.0), END])
    pcm = spoken()
    np.testing.assert_allclose(ask(server, [header(), voice(pcm), END]).weights, offline(pcm), **SAME)


def test_a_client_that_hangs_up_instead_of_saying_the_end_is_answered_too(server: A2FServer) -> None:
    pcm = spoken()
    got = ask(server, [header(), *chunks(pcm)])
    assert got.audio == pcm
    assert got.status


def test_animation_comes_before_the_sound_has_ended(server: A2FServer) -> None:
    pcm = spoken()
    requests: queue.Queue[Any] = queue.Queue()
    with channel(server) as connection:
        answers = A2FControllerServiceStub(connection).ProcessAudioStream(
            iter(requests.get, None), timeout=60
        )
        requests.put(header())
        assert next(answers).HasField("animation_data_stream_header")
        for n, request in enumerate(chunks(pcm[:48_000], 1600)):  # 50 ms at a time
            requests.put(request)
            if n >= 3:  # 200 ms are heard, 80 ms of look-ahead: frames come, and no more is sent meanwhile
                assert next(answers).HasField("animation_data")
        requests.put(END)
        requests.put(None)
        assert [a.WhichOneof("stream_part") for a in answers][-1] == "status"


def test_two_streams_at_once(server: A2FServer) -> None:
    clips = {name: spoken(name=name) for name in ("bbbm2p", "lwie6p")}
    got: dict[str, Got] = {}

    def client(name: str) -> None:
        got[name] = ask(server, [header(), *chunks(clips[name], 8000), END])

    threads = [threading.Thread(target=client, args=(name,)) for name in clips]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, pcm in clips.items():
        assert got[name].audio == pcm
        np.testing.assert_allclose(got[name].weights, offline(pcm), **SAME)


@pytest.mark.parametrize("fps", [30, 60])
def test_other_rates_are_interpolated_in_time(fps: int) -> None:
    pcm = spoken()
    with serving(fps=fps) as other:
        got = ask(other, [header(), *chunks(pcm), END])
    expected = offline(pcm)
    times = (np.arange(round(fps * len(pcm) / 2 / RATE_HZ)) + 0.5) / fps
    np.testing.assert_allclose(got.times, times, rtol=1e-9)
    grid = (np.arange(len(expected)) + 0.5) / 50
    between = np.stack([np.interp(times, grid, column) for column in expected.T], 1)
    np.testing.assert_allclose(got.weights, between, **SAME)
    assert got.audio == pcm


# wishes


def test_emotion_time_codes_change_the_face_from_their_time_on(server: A2FServer) -> None:
    pcm = spoken()
    wish = EmotionPostProcessingParameters(preferred_emotion_strength=1.0, emotion_strength=1.0)
    requests = [header(emotion_post_processing_params=wish)]
    plain = ask(server, [*requests, *chunks(pcm), END])
    glad = ask(server, [*requests, voice(pcm[:32_000], joy_1_5=1.0), *chunks(pcm[32_000:]), END])
    cross = ask(server, [*requests, voice(pcm[:32_000], anger_1_5=1.0), *chunks(pcm[32_000:]), END])
    before, after = slice(0, 74), slice(110, None)
    np.testing.assert_allclose(np.array(glad.weights)[before], np.array(plain.weights)[before], **SAME)
    smile, frown = SHAPES.index("MouthSmileLeft"), SHAPES.index("BrowDownLeft")

    def mean(got: Got, shape: int) -> float:
        return float(np.array(got.weights)[after, shape].mean())

    assert mean(glad, smile) > mean(cross, smile) + 0.1
    assert mean(cross, frown) > mean(glad, frown) + 0.1
    assert glad.felt[-1]["joy"] > 0.5
    assert cross.felt[-1]["anger"] > 0.5
    assert glad.inputs == [(pytest.approx(1.51), 1.5)]


def test_time_codes_are_not_followed_where_the_header_says_so(server: A2FServer) -> None:
    pcm = spoken()
    wish = EmotionPostProcessingParameters(enable_preferred_emotion=False)
    got = ask(server, [header(emotion_post_processing_params=wish), voice(pcm, joy_0=1.0), END])
    np.testing.assert_allclose(got.weights, offline(pcm), **SAME)
    assert "1 emotion time codes unused: enable_preferred_emotion is false" in got.status


def test_multipliers_and_offsets_are_applied(server: A2FServer) -> None:
    pcm = spoken()
    wish = BlendShapeParameters(
        bs_weight_multipliers={"JawOpen": 0.5}, bs_weight_offsets={"CheekPuff": 0.25, "MouthClose": 3.0}
    )
    expected = offline(pcm)
    expected[:, SHAPES.index("JawOpen")] *= 0.5
    expected[:, SHAPES.index("CheekPuff")] += 0.25
    expected[:, SHAPES.index("MouthClose")] += 3.0
    got = ask(server, [header(blendshape_params=wish), voice(pcm), END])
    np.testing.assert_allclose(got.weights, expected, **SAME)


def test_what_has_no_counterpart_is_said_at_the_end_or_refused(server: A2FServer) -> None:
    wish = FaceParameters(float_params={"tongueStrength": 1.3})
    got = ask(server, [header(face_params=wish), voice(spoken()), END])
    assert got.status == "sent all data; no counterpart here: tongueStrength"
    with serving(strict=True) as strict:
        error = refused(strict, [header(face_params=wish), voice(spoken()), END])
    assert (error.code(), error.details()) == (
        Code.INVALID_ARGUMENT,
        "this server has no counterpart for tongueStrength",
    )


# what is not answered


@pytest.mark.parametrize(
    ("requests", "says"),
    [
        ([], "the first message must be an audio_stream_header"),
        ([END], "the first message must be an audio_stream_header"),
        ([voice(b"\0\0")], "the first message must be an audio_stream_header"),
        ([AudioWithEmotionStream()], "the first message must be an audio_stream_header"),
        ([header(), header()], "after the header come audio_with_emotion messages"),
        ([header(), voice(bytes(3200)), header(), END], "after the header come audio_with_emotion messages"),
        ([header(), AudioWithEmotionStream()], "after the header come audio_with_emotion messages"),
        ([header(), END], "before any sound"),
        ([header(), voice(b""), END], "before any sound"),
        ([header(2**32 - 1), voice(b"\0\0"), END], "samples_per_second is 4294967295"),
        ([header(sound={"channel_count": 2})], "2 channels; send AUDIO_FORMAT_PCM"),
        ([header(), voice(b"\0\0", bliss_0=1.0)], "unknown emotion 'bliss'"),
        ([header(), voice(b"\0\0", joy_0=2.0)], "joy is 2; it must lie in 0..1"),
        ([header(), voice(b"\0\0", joy_nan=1.0)], "time_code is nan"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_its_reason(server: A2FServer, requests: list[Any], says: str) -> None:
    error = refused(server, requests)
    assert error.code() == Code.INVALID_ARGUMENT
    assert says in error.details()


def test_limits() -> None:
    with serving(streams=1, seconds=2, message_bytes=100_000, emotions=5, idle_s=0.4) as small:
        error = refused(small, [header(), *chunks(bytes(70_000), 7000), END])
        assert error.code() == Code.RESOURCE_EXHAUSTED
        assert "2 s of sound at most" in error.details()
        error = refused(small, [header(), *[voice(b"\0\0", joy_0=1.0)] * 6, END])
        assert error.code() == Code.RESOURCE_EXHAUSTED
        assert "5 emotion time codes at most" in error.details()
        with channel(small) as connection:
            requests: queue.Queue[Any] = queue.Queue()
            answers = A2FControllerServiceStub(connection).ProcessAudioStream(
                iter(requests.get, None), timeout=60
            )
            requests.put(header())
            next(answers)  # the only place is taken
            with pytest.raises(grpc.RpcError) as second:
                ask(small, [header(), voice(bytes(3200)), END])
            assert second.value.code() == Code.RESOURCE_EXHAUSTED
            assert "1 streams are running" in second.value.details()
            with pytest.raises(grpc.RpcError) as silent:
                next(answers)
            assert silent.value.code() == Code.DEADLINE_EXCEEDED
            assert silent.value.details() == "the client sent nothing for 0.4 s"
            requests.put(None)
        with channel(small) as connection, pytest.raises(grpc.RpcError) as large:
            list(
                A2FControllerServiceStub(connection).ProcessAudioStream(
                    iter([header(), voice(bytes(200_000)), END])
                )
            )
        assert large.value.code() == Code.RESOURCE_EXHAUSTED
        until = time.monotonic() + 10  # gRPC refused by itself; the stream's thread hears of it later
        while small.tally.running and time.monotonic() < until:
            time.sleep(0.01)
        assert ask(small, [header(), voice(bytes(3200)), END]).status  # and it serves on


def test_a_client_that_reads_nothing_is_let_go_and_nothing_grows() -> None:
    pcm = np.tile(np.frombuffer(spoken(48_000), "<i2"), 100).tobytes()  # five minutes, 28 MB
    with serving(idle_s=0.7) as made, channel(made) as connection:
        requests = iter([header(48_000), *chunks(pcm, 96_000), END])
        call = A2FControllerServiceStub(connection).ProcessAudioStream(requests, timeout=60)
        until = time.monotonic() + 30
        while not made.refusals.count and time.monotonic() < until:
            time.sleep(0.05)
        assert made.refusals.last == "the client took nothing for 0.7 s"
        assert made.tally.sound_s < 60  # gRPC's own buffers hold 4 MB; nothing is worked on beyond that
        call.cancel()
        assert ask(made, [header(), voice(bytes(3200)), END]).status
        assert made.tally.cancelled == 0


def test_a_cancelled_stream_gives_everything_back(server: A2FServer) -> None:
    def readers() -> int:
        return sum(thread.name == "facecue-a2f-inbox" for thread in threading.enumerate())

    before = server.tally.cancelled
    for _ in range(5):
        requests: queue.Queue[Any] = queue.Queue()
        with channel(server) as connection:
            answers = A2FControllerServiceStub(connection).ProcessAudioStream(
                iter(requests.get, None), timeout=60
            )
            requests.put(header())
            requests.put(voice(spoken()))
            next(answers)
            answers.cancel()
            requests.put(None)
    until = time.monotonic() + 10
    while time.monotonic() < until and (server.tally.running or readers()):
        time.sleep(0.02)
    assert server.tally.running == 0
    assert server.tally.cancelled == before + 5
    assert 1 <= len(server._pool) <= server._serving.limits.streams
    assert not readers()
    pcm = spoken()
    np.testing.assert_allclose(ask(server, [header(), voice(pcm), END]).weights, offline(pcm), **SAME)


def test_a_fault_of_ours_ends_one_stream_and_tells_no_secrets(
    server: A2FServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    with monkeypatch.context() as broken:
        broken.setattr("bridge.serve.hearing.Hearing.feed", fail)
        error = refused(server, [header(), voice(bytes(3200)), END])
    assert (error.code(), error.details()) == (Code.INTERNAL, "a fault of facecue: RuntimeError")
    assert "secret" in server.refusals.last
    assert ask(server, [header(), voice(bytes(3200)), END]).status


headers = st.builds(
    header,
    st.sampled_from([0, 1, 8000, 16_000, 44_100, 2**31, 2**32 - 1]),
    st.sampled_from([{}, {"channel_count": 0}, {"bits_per_sample": 24}]),
)
emotions = st.builds(
    lambda data, name, at, value: AudioWithEmotionStream(
        audio_with_emotion=AudioWithEmotion(
            audio_buffer=data, emotions=[EmotionWithTimeCode(time_code=at, emotion={name: value})]
        )
    ),
    st.binary(max_size=5000),
    st.sampled_from(["joy", "pain", "", "ünknown"]),
    st.floats(),
    st.floats(width=32),
)
whole = st.one_of(headers, st.builds(voice, st.binary(max_size=5000)), emotions, st.just(END)).map(
    lambda message: message.SerializeToString()
)
anything = st.one_of(
    whole, st.binary(max_size=200), st.builds(lambda m, n: m[: n % (len(m) + 1)], whole, st.integers(0))
)
conversations = st.one_of(
    st.lists(anything, max_size=6),
    st.lists(anything, max_size=6).map(lambda rest: [header().SerializeToString(), *rest]),
)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversations)
def test_whatever_comes_is_answered_or_refused(server: A2FServer, messages: list[bytes]) -> None:
    def ends() -> int:
        return server.tally.finished + server.refusals.count

    before = ends()
    with channel(server) as connection:
        call = connection.stream_stream(f"/{SERVICE}/{METHOD}")(iter(messages), timeout=30)
        try:
            for _ in call:
                pass
        except grpc.RpcError:
            assert call.code() in (Code.INVALID_ARGUMENT, Code.RESOURCE_EXHAUSTED), call.details()
            assert call.details()
    assert ends() == before + 1
    assert server.tally.running == 0


# the door, and the end


def test_beyond_loopback_nobody_is_answered_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    requests = [header(), voice(bytes(3200)), END]
    with serving(Door(SECRET), host="0.0.0.0") as guarded:  # noqa: S104  with a token
        for wrong in (
            (),
            (("authorization", "Bearer wrong"),),
            (("authorization", SECRET),),
            (("token", SECRET),),
        ):
            error = refused(guarded, requests, metadata=wrong)
            assert error.code() == Code.UNAUTHENTICATED
        assert ask(guarded, requests, metadata=(("authorization", f"Bearer {SECRET}"),)).status
        with channel(guarded) as connection, pytest.raises(grpc.RpcError) as error_of_health:
            connection.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10)
        assert error_of_health.value.code() == Code.UNAUTHENTICATED
    assert len(caplog.records) == 1
    assert SECRET not in caplog.text


def test_it_says_that_it_is_well(server: A2FServer) -> None:
    with channel(server) as connection:
        assert connection.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10) == b"\x08\x01"
        with pytest.raises(grpc.RpcError) as error:
            connection.unary_unary("/grpc.health.v1.Health/Other")(b"", timeout=10)
        assert error.value.code() == Code.UNIMPLEMENTED


def test_a_place_that_is_taken_is_one_line(server: A2FServer) -> None:
    (place,) = endpoints("x", f"127.0.0.1:{server.port}")
    with pytest.raises(ServeError, match=rf"cannot listen on 127\.0\.0\.1:{server.port}"):
        A2FServer(place, LiveConfig(), Door(None))


def test_it_stops_while_a_stream_runs() -> None:
    with serving() as made, channel(made) as connection:
        requests: queue.Queue[Any] = queue.Queue()
        answers = A2FControllerServiceStub(connection).ProcessAudioStream(
            iter(requests.get, None), timeout=60
        )
        requests.put(header())
        requests.put(voice(spoken()[:16_000]))
        next(answers)
        began = time.monotonic()
        made.close()
        assert time.monotonic() - began < 3
        with pytest.raises(grpc.RpcError) as error:
            list(answers)
        assert (error.value.code(), error.value.details()) == (Code.UNAVAILABLE, "facecue is stopping")
        requests.put(None)
        made.close()
