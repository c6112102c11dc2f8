"""What a person asked for: a TOML file and the flags of the command line become frozen dataclasses.

Flags override the file, the file overrides the defaults. A key is read by the dataclass that has it: `[live]`
is `LiveConfig`, `[bake]` is `BakeConfig`, `[serve]` is `ServeConfig`, `[direction]` is the `DirectionConfig` that all
three hold.

    [live]
    source = "mic://"
    sinks = ["vmc://127.0.0.1:39540", "zmq://127.0.0.1:5556"]

    [direction]
    emotion = "happy"
    intensity = 1.2
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from bridge.controls import DirectionConfig
from bridge.dial import shown
from bridge.settings import ConfigError as ConfigError
from bridge.settings import keys, made, sections, typed
from bridge.weights import NAMED

MAX_LOOKAHEAD_MS = 5000

T = TypeVar("T")


def _checked_lookahead(value: str | int) -> str | int:
    """One of `NAMED`, or milliseconds; a number may come in digits from the command line."""
    if value in NAMED:
        return value
    milliseconds = int(value) if isinstance(value, int) or (value.isascii() and value.isdecimal()) else -1
    if not 0 <= milliseconds <= MAX_LOOKAHEAD_MS:
        raise ValueError(
            f"lookahead is {shown(value)}; choose {', '.join(NAMED)} or 0..{MAX_LOOKAHEAD_MS} milliseconds"
        )
    return milliseconds


@dataclass(frozen=True, slots=True)
class NeutralConfig:
    """An actor's own resting face, as `capture` caught it: the section `[neutral]` of presets.

    Raises:
        ValueError: what is no face.
    """

    own: bool = False
    """Whether there is one; false: the bridge's own."""
    offset_cm: tuple[tuple[float, ...], ...] = ()
    """68 points, how far each lies from the bridge's neutral face."""

    def __post_init__(self) -> None:
        rows = [len(row) for row in self.offset_cm]
        if rows != [3] * (NEUTRAL_POINTS if self.own else 0):
            asked = f"{NEUTRAL_POINTS} points [x, y, z] where own is true, none where it is false"
            raise ValueError(f"offset_cm has {len(rows)} points or some are not [x, y, z]; write {asked}")
        if not all(abs(value) <= NEUTRAL_LIMIT_CM for row in self.offset_cm for value in row):
            raise ValueError(f"offset_cm has a value beyond {NEUTRAL_LIMIT_CM} cm; capture the face again")


NEUTRAL_POINTS = 68
NEUTRAL_LIMIT_CM = 5.0
"""No face is further from another."""


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """What `facecue live` runs.

    Raises:
        ValueError: a look-ahead or an actor that cannot be.
    """

    source: str = "mic://"
    """URI of the voice."""
    sinks: tuple[str, ...] = ()
    """URIs that every frame goes to."""
    trackers: tuple[str, ...] = ()
    """Regions of the face that come from camera trackers, as in `upper=vmc://:39541`."""
    actor: str = "face"
    """Who is being moved; receivers tell several faces apart by it."""
    lookahead: str | int = "live"
    """"live", "studio", or milliseconds: the shipped network with the largest look-ahead that fits."""
    model: str | None = None
    """A network of one's own instead of a shipped one."""
    control: tuple[str, ...] = ()
    """URIs on which others may change the direction while it runs."""
    monitor: str | None = None
    """Output device that plays the voice delayed by the bridge's latency."""
    direction: DirectionConfig = field(default_factory=DirectionConfig)
    neutral: NeutralConfig = field(default_factory=NeutralConfig)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lookahead", _checked_lookahead(self.lookahead))
        if not self.actor:
            raise ValueError("actor is empty; give the face a name")


@dataclass(frozen=True, slots=True)
class BakeConfig:
    """How `facecue bake` makes takes.

    Raises:
        ValueError: a look-ahead that cannot be.
    """

    lookahead: str | int = "studio"
    """As in `LiveConfig`."""
    model: str | None = None
    """As in `LiveConfig`."""
    direction: DirectionConfig = field(default_factory=DirectionConfig)
    neutral: NeutralConfig = field(default_factory=NeutralConfig)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lookahead", _checked_lookahead(self.lookahead))


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """What `facecue serve` serves, and how.

    Raises:
        ValueError: a value out of its range, or half of what TLS needs.
    """

    a2f: bool = False
    """Serve Audio2Face-3D clients."""
    listen: str = "127.0.0.1:52000"
    """Where."""
    fps: int = 50
    """Frames a second."""
    streams: int = 4
    """Streams at once."""
    seconds: float = 600.0
    """Sound of one stream at most."""
    strict: bool = False
    """Refuse what has no counterpart here."""
    token_file: str | None = None
    """A file with the token that clients must bring."""
    cert: str | None = None
    """PEM certificate chain, for TLS."""
    key: str | None = None
    """PEM private key of `cert`."""
    lookahead: str | int = "live"
    """As in `LiveConfig`."""
    model: str | None = None
    """As in `LiveConfig`."""
    direction: DirectionConfig = field(default_factory=DirectionConfig)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lookahead", _checked_lookahead(self.lookahead))
        for name, (low, high) in SERVE_RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; choose {low} to {high}")
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together; name both, or none")


SERVE_RANGES = {"fps": (10, 240), "streams": (1, 256), "seconds": (1, 86_400)}
"""What `[serve]` may ask for."""

Config = LiveConfig | BakeConfig | ServeConfig
"""Whatever says which network, and what the director asks for."""

_SECTIONS: dict[str, type] = {
    "live": LiveConfig, "bake": BakeConfig, "serve": ServeConfig,
    "direction": DirectionConfig, "neutral": NeutralConfig,
}  # fmt: skip


class Saved(NamedTuple):
    """What a preset asks for, checked."""

    direction: dict[str, Any]
    """A value for each control that it names."""
    neutral: NeutralConfig | None = None
    """The resting face; None: it says nothing of it."""


def load_live(path: Path | str | None = None, *, preset: Saved | None = None, **flags: Any) -> LiveConfig:
    """The configuration of `facecue live`: `preset`, with `path` (TOML, or None) over it, and `flags` over both.

    Flags are named as the fields of `LiveConfig` and `DirectionConfig`; one that is None was not given.

    Raises:
        ConfigError: if the file cannot be read, or a key, a type or a value is wrong.
    """
    return _load(LiveConfig, "live", path, preset, flags)


def load_bake(path: Path | str | None = None, *, preset: Saved | None = None, **flags: Any) -> BakeConfig:
    """The configuration of `facecue bake`; as `load_live`.

    Raises:
        ConfigError: as `load_live`.
    """
    return _load(BakeConfig, "bake", path, preset, flags)


def load_serve(path: Path | str | None = None, **flags: Any) -> ServeConfig:
    """The configuration of `facecue serve`; as `load_live`.

    Raises:
        ConfigError: as `load_live`.
    """
    return _load(ServeConfig, "serve", path, None, flags)


def load_saved(path: Path) -> Saved:
    """What the sections `[direction]` and `[neutral]` of a file ask for; its other sections are checked as well.

    Raises:
        ConfigError: as `load_live`.
    """
    values = _checked(path)
    neutral = NeutralConfig(**values["neutral"]) if "neutral" in values else None
    return Saved(values.get("direction", {}), neutral)


def _checked(path: Path) -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, Any]] = {}
    for name, table in sections(path, _SECTIONS).items():
        where = f"{path}: [{name}]"
        values[name] = typed(_SECTIONS[name], table, where)
        made(_SECTIONS[name], values[name], where)  # also what this command will not read
    return values


def _load(
    cls: type[T], section: str, path: Path | str | None, preset: Saved | None, flags: Mapping[str, Any]
) -> T:
    preset = preset or Saved({})
    values = _checked(Path(path)) if path is not None else {}
    own, direction = values.get(section, {}), {**preset.direction, **values.get("direction", {})}
    for key, value in flags.items():
        if value is None:
            continue
        into, owner = (own, cls) if key in keys(cls) else (direction, DirectionConfig)
        into |= typed(owner, {key: value}, "command line:")
    parts: dict[str, Any] = {"direction": made(DirectionConfig, direction, "command line:")}
    if "neutral" in cls.__dataclass_fields__:  # type: ignore[attr-defined]
        kept = NeutralConfig(**values["neutral"]) if "neutral" in values else preset.neutral
        parts["neutral"] = kept or NeutralConfig()
    return made(cls, own | parts, "command line:")
