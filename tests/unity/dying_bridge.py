"""A bridge that sends a known curve over both wires, and rubbish between, until it is killed.

python tests/unity/dying_bridge.py ZMQ_PORT OSC_PORT SEED
"""

import random
import socket
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

import engine  # noqa: E402

from bridge.sinks.osc import OscSink  # noqa: E402
from bridge.sinks.zeromq import ZeroMqSink  # noqa: E402


def main() -> None:
    zmq_port, osc_port, seed = sys.argv[1:]
    rng = random.Random(int(seed))
    zmq = ZeroMqSink(f"zmq://127.0.0.1:{zmq_port}", f"127.0.0.1:{zmq_port}", {}, "face")
    osc = OscSink(f"osc://127.0.0.1:{osc_port}", f"127.0.0.1:{osc_port}", {}, "face")
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sys.stdout.write("up\n")
    sys.stdout.flush()
    n, start = 0, time.perf_counter()
    while True:
        frame = engine.curve_frame(n)
        zmq.send(frame)
        osc.send(frame)
        junk = rng.randbytes(rng.randrange(1, 1400))
        cut = osc.packets(frame)[1]
        for packet in (junk, b"#bundle\0" + junk, cut[: rng.randrange(1, len(cut))]):
            udp.sendto(packet, ("127.0.0.1", int(osc_port)))
        rubbish = (
            [b"face", junk],
            [b"face"],
            [b"face2", junk],
            [b"face", junk, junk],
            [b"face", rng.randbytes(70_000)],
        )
        zmq._socket.send_multipart(rubbish[n % 5])
        n += 1
        time.sleep(max(0.0, start + n / 50 - time.perf_counter()))


main()
