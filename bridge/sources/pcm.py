"""Raw PCM behind one line of JSON: the header that a producer of speech sends, and its samples → float.

    {"rate": 24000, "channels": 1, "format": "s16le"}

then a newline and the samples, channels interleaved, to the end. Where a token is asked for the header carries it
as `token`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np

from bridge.frames import Floats
from bridge.resample import MAX_RATE_HZ, MIN_RATE_HZ

MAX_HEADER_BYTES = 64 * 1024
MAX_CHANNELS = 32
KEYS = ("rate", "channels", "format")
TOKEN = "token"  # noqa: S105  a key's name
FORMATS = {
    "u8": "u1",
    "s16le": "<i2",
    "s16be": ">i2",
    "s24le": "",
    "s32le": "<i4",
    "f32le": "<f4",
    "f64le": "<f8",
}
"""Sample formats by name → numpy type; 24-bit has none and is widened by hand."""


class HeaderError(ValueError):
    """A header that cannot be used; one line, sent back to the producer."""


@dataclass(frozen=True)
class PcmHeader:
    """What the producer says of its samples."""

    rate_hz: int
    channels: int
    format: str
    token: str | None = field(default=None, repr=False)
    """What the producer shows to be let in."""

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        width = 3 if self.format == "s24le" else np.dtype(FORMATS[self.format]).itemsize
        return width * self.channels


def parse_header(line: bytes) -> PcmHeader:
    """Reads the header line, without its newline.

    Raises:
        HeaderError: whatever the bytes are, if they are not a header that can be played.
    """
    try:
        header = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # RecursionError: 64 KiB of "[["
        raise HeaderError(f"the header is not a line of JSON ({type(error).__name__})") from error
    if not isinstance(header, dict):
        raise HeaderError(f"the header must be a JSON object, got {type(header).__name__}")
    unknown = sorted(set(header) - {*KEYS, TOKEN})
    if unknown:
        shown = ", ".join(repr(key[:40]) for key in unknown[:8])
        raise HeaderError(f"unknown keys {shown}; known are {', '.join(KEYS)}")
    missing = [key for key in KEYS if key not in header]
    if missing:
        raise HeaderError(f"missing keys {', '.join(missing)}; a header has {', '.join(KEYS)}")
    sample_format = header["format"]
    if not isinstance(sample_format, str) or sample_format not in FORMATS:
        raise HeaderError(f"unknown format {str(sample_format)[:40]!r}; known are {', '.join(FORMATS)}")
    token = header.get(TOKEN)
    return PcmHeader(
        rate_hz=_bounded(header, "rate", MIN_RATE_HZ, MAX_RATE_HZ),
        channels=_bounded(header, "channels", 1, MAX_CHANNELS),
        format=sample_format,
        token=token if isinstance(token, str) else None,
    )


def decode(data: bytes, header: PcmHeader) -> Floats:
    """Whole frames of bytes → (N, channels) float32, full scale ±1."""
    if header.format == "s24le":
        low, mid, high = np.frombuffer(data, np.uint8).reshape(-1, 3).T.astype(np.int32)
        values = ((low | mid << 8 | high << 16) ^ 0x800000) - 0x800000
        audio = values.astype(np.float32) / 2.0**23
    else:
        raw = np.frombuffer(data, FORMATS[header.format])
        # a float64 beyond float32 becomes infinite, and is counted as bad later, as NaN of any kind is
        with np.errstate(over="ignore", invalid="ignore"):
            audio = raw.astype(np.float32)
        if header.format == "u8":
            audio = (audio - 128.0) / 128.0
        elif raw.dtype.kind == "i":
            audio /= 2.0 ** (8 * raw.dtype.itemsize - 1)
    frames: Floats = audio.astype(np.float32, copy=False).reshape(-1, header.channels)
    return frames


def _bounded(header: dict[str, object], key: str, low: int, high: int) -> int:
    value = header[key]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise HeaderError(f"{key} must be a whole number in {low}..{high}, got {_short(value)}")
    return value


def _short(value: object) -> str:
    """At most 40 characters; an integer of 4300 digits or more has no decimal text in Python."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 128:
        return f"a number of {value.bit_length()} bits"
    return repr(value)[:40]
