"""What `facecue serve --a2f` costs: time to the first frame, and the real-time factor of one stream on one core.

    python -m benchmarks.serve [--rounds 20] [--lookahead live]

The server runs in a process of its own that keeps to one core; the client (NVIDIA's stubs, extra `a2f`) keeps to
another where there is one. A burst sends a whole sentence at once, in messages of one second as NVIDIA's samples
do; a live client sends 20 ms every 20 ms, and what counts is how long after the sound of a frame went out the
frame came back.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import soxr
from nvidia_ace.audio_pb2 import AudioHeader
from nvidia_audio2face_3d.audio2face_pb2_grpc import A2FControllerServiceStub
from nvidia_audio2face_3d.messages_pb2 import (
    AudioWithEmotion,
    AudioWithEmotionStream,
    AudioWithEmotionStreamHeader,
)

from bridge.frames import RATE_HZ
from bridge.sources.demo import DEMO_CLIPS, load_clip

SERVER = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from bridge.cli import main
sys.argv = ["facecue", *sys.argv[1:]]
main()
"""


def requests(pcm: bytes, rate: int, message_s: float, *, paced: bool, sent: list[float]) -> Iterator[Any]:
    """The stream of a client; `sent` gets the moment at which each message went out."""
    audio = AudioHeader(audio_format=0, channel_count=1, samples_per_second=rate, bits_per_sample=16)
    yield AudioWithEmotionStream(audio_stream_header=AudioWithEmotionStreamHeader(audio_header=audio))
    size = 2 * round(message_s * rate)
    began = time.perf_counter()
    for n, at in enumerate(range(0, len(pcm), size)):
        if paced:
            time.sleep(max(0.0, began + (n + 1) * message_s - time.perf_counter()))  # when its end is spoken
        sent.append(time.perf_counter())
        yield AudioWithEmotionStream(audio_with_emotion=AudioWithEmotion(audio_buffer=pcm[at : at + size]))
    yield AudioWithEmotionStream(end_of_audio=AudioWithEmotionStream.EndOfAudio())


def converse(
    stub: Any, pcm: bytes, rate: int, message_s: float, *, paced: bool
) -> tuple[float, float, list[float]]:
    """Seconds to the first frame, seconds altogether, and how late each frame came after its own sound."""
    sent: list[float] = []
    first, late = 0.0, []
    began = time.perf_counter()
    for answer in stub.ProcessAudioStream(requests(pcm, rate, message_s, paced=paced, sent=sent)):
        if answer.WhichOneof("stream_part") == "animation_data":
            now = time.perf_counter()
            first = first or now - began
            spoken_s = answer.animation_data.skel_animation.blend_shape_weights[0].time_code
            message = min(int(spoken_s / message_s), len(sent) - 1)
            late.append(now - sent[message])
    return first, time.perf_counter() - began, late


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--lookahead", default="live", help="live, studio or milliseconds")
    args = parser.parse_args()
    command = [sys.executable, "-c", SERVER, "serve", "--a2f", "--listen", "127.0.0.1:0"]
    server = subprocess.Popen([*command, "--lookahead", args.lookahead], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None  # noqa: S101  it is a pipe
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    try:
        opening = server.stdout.readline()
        found = re.search(r" at (\S+:\d+)", opening)
        if found is None:
            raise SystemExit("the server did not start")
        print(f"{platform.machine()}, Python {platform.python_version()}, gRPC {grpc.__version__}; {opening}")
        print("| client                    | first frame p50 / p99 ms | late p50 / p99 ms | x real time |")
        print("|---------------------------|-------------------------:|------------------:|------------:|")
        clip = np.concatenate([load_clip(name) for name, _ in DEMO_CLIPS[:3]])
        with grpc.insecure_channel(found[1], options=(("grpc.enable_http_proxy", 0),)) as channel:
            stub = A2FControllerServiceStub(channel)
            for rate, message_s, paced in ((16_000, 1.0, False), (44_100, 1.0, False), (16_000, 0.02, True)):
                samples = clip if rate == RATE_HZ else soxr.resample(clip, RATE_HZ, rate)
                pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
                rounds = 2 if paced else args.rounds
                converse(stub, pcm[:32_000], rate, message_s, paced=False)  # warm
                got = [converse(stub, pcm, rate, message_s, paced=paced) for _ in range(rounds)]
                first = [1e3 * float(p) for p in np.percentile([g[0] for g in got], (50, 99))]
                late = [1e3 * float(p) for p in np.percentile(np.concatenate([g[2] for g in got]), (50, 99))]
                speed = clip.size / RATE_HZ / float(np.median([g[1] for g in got]))
                name = f"{'live' if paced else 'burst'}, {rate} Hz, {1000 * message_s:.0f} ms"
                lateness = f"{late[0]:6.0f} / {late[1]:6.0f}" if paced else ""
                print(
                    f"| {name:<25} | {first[0]:10.0f} / {first[1]:10.0f} | {lateness:>17} | {speed:11.1f} |"
                )
    finally:
        server.terminate()
        server.wait(10)
        print(server.stdout.read().splitlines()[-1])


if __name__ == "__main__":
    main()
