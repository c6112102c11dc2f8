"""Sounds that are not speech, made by formula: what a microphone hears while nobody talks.

Families, not recipes: every call draws another throat, keyboard, machine or band, a room and a microphone. Many
people at once are no noise in this sense: they have voices.
"""

from __future__ import annotations

import numpy as np

from bridge.frames import RATE_HZ, Floats
from models.data import instruments
from models.data.instruments import put
from models.data.spaces import coloured, curve, shaped, somewhere, unit


def band(noise: Floats, low_hz: float, high_hz: float) -> Floats:
    """The part of a noise between two frequencies. Deviation 1."""
    freqs = np.fft.rfftfreq(noise.size, 1 / RATE_HZ)
    return unit(shaped(noise, (freqs > low_hz) & (freqs < high_hz)))


def wander(rng: np.random.Generator, n: int, hz: float) -> Floats:
    """(n,) slow random walk of deviation 1 that turns about `hz` times a second."""
    knots = rng.normal(size=max(2, int(n / RATE_HZ * hz)) + 2)
    return np.asarray(np.interp(np.linspace(0, knots.size - 1, n), np.arange(knots.size), knots), np.float32)


def rise_and_fall(rng: np.random.Generator, n: int) -> np.ndarray:
    """(n,) an envelope of random shape: sudden or slow at either end, at times with a plateau."""
    t = np.linspace(0, 1, n)
    shape = t ** rng.uniform(0.15, 3) * (1 - t) ** rng.uniform(0.15, 3)
    shape = shape / (shape.max() + 1e-9)
    return np.asarray(np.minimum(1, shape / rng.uniform(0.3, 1)))


def throat(rng: np.random.Generator, n: int) -> np.ndarray:
    """Amplitudes of what air sounds like in a throat: a slope and up to six wide bands.

    Narrower and higher bands would be formants: a whispered vowel, which is speech.
    """
    bands = int(rng.integers(1, 7))
    hz = np.geomspace(60, 8000, 48)
    octaves = np.log2(hz)
    gains = -rng.uniform(-2, 7) * octaves
    for _ in range(bands):
        centre, width = rng.uniform(np.log2(150), np.log2(7500)), rng.uniform(0.2, 0.9)
        gains = gains + rng.uniform(2, 18) * np.exp(-0.5 * ((octaves - centre) / width) ** 2)
    return curve(hz, gains, n)


def click(rng: np.random.Generator) -> np.ndarray:
    """Lips or tongue: one to three bursts of 1 … 20 ms."""
    out = np.zeros(int(RATE_HZ * 0.12))
    for _ in range(int(rng.integers(1, 4))):
        n = int(RATE_HZ * rng.uniform(0.001, 0.02)) + 16
        burst = shaped(rng.normal(size=n), throat(rng, n)) * np.exp(-np.arange(n) / n * rng.uniform(2, 6))
        put(out, rng.uniform(0.3, 1) * unit(burst), int(rng.integers(0, 1200)))
    return out


def breath(rng: np.random.Generator, n: int) -> Floats:
    """Nose or mouth, calm, deep or panting, sighs and sniffs; lips that smack, and a room."""
    out = np.zeros(n)
    pace = np.exp(rng.uniform(np.log(0.25), np.log(2.2)))
    inward, outward = pace * rng.uniform(0.3, 1), pace * rng.uniform(0.5, 1.6)
    pause = pace * rng.uniform(0, 1.2)
    louder_in = 10 ** (rng.uniform(-25, 12) / 20)
    flutter_hz, flutter = rng.uniform(3, 70), rng.uniform(0, 0.7)
    manners = [[throat(rng, 2 * RATE_HZ) for _ in range(2)] for _ in range(2)]
    smacks = rng.uniform(0, 0.5) * (rng.random() < 0.4)
    at = -int(RATE_HZ * rng.uniform(0, pace))
    while at < n:
        for seconds, manner, loud in ((inward, 0, louder_in), (outward, 1, 1.0)):
            length = int(RATE_HZ * np.clip(seconds * rng.lognormal(0, 0.2), 0.08, 2.0))
            first, last = (
                shaped(rng.normal(size=2 * RATE_HZ), spectrum)[:length] for spectrum in manners[manner]
            )
            drift = np.linspace(0, 1, length) * rng.random()
            air = (1 - drift) * first / first.std() + drift * last / last.std()
            air = air * (1 + flutter * wander(rng, length, flutter_hz)) * rise_and_fall(rng, length)
            if at + length > 0:
                put(out, (loud * rng.uniform(0.5, 1) * air)[max(0, -at) :], max(0, at))
            at += length + int(RATE_HZ * pause * rng.uniform(0, 0.5))
            if rng.random() < smacks and 0 < at < n:
                put(out, click(rng) * 10 ** (rng.uniform(-20, 6) / 20), at)
        at += int(RATE_HZ * pause * rng.lognormal(0, 0.4))
    return with_floor(rng, somewhere(rng, unit(out)))


def with_floor(rng: np.random.Generator, sound: Floats) -> Floats:
    """The sound over the tone of a quiet room, −70 … −25 dB."""
    floor = coloured(rng, sound.size, rng.uniform(0, 2))
    out: Floats = sound + floor * np.float32(10 ** (rng.uniform(-70, -25) / 20))
    return out


def struck(rng: np.random.Generator, longest_s: float) -> np.ndarray:
    """(N,) something hard is hit: a click of some colour, and what it stands on and is made of rings."""
    t = np.arange(int(RATE_HZ * longest_s)) / RATE_HZ
    noise = coloured(rng, t.size, rng.uniform(-1.5, 1.5)) * np.exp(-t / rng.uniform(0.0005, 0.025))
    out: np.ndarray = rng.uniform(0.1, 1) * noise
    for _ in range(int(rng.integers(0, 7))):
        hz = np.exp(rng.uniform(np.log(70), np.log(7000)))
        out += (
            rng.uniform(0.05, 1)
            * np.sin(2 * np.pi * hz * t + rng.uniform(0, 6))
            * np.exp(-t / rng.uniform(0.002, longest_s / 4))
        )
    hit: np.ndarray = out / (np.abs(out).max() + 1e-9)
    return hit


def typing(rng: np.random.Generator, n: int) -> Floats:
    """A keyboard of its own, any hand: keys down and up, bursts and pauses, space bars, a mouse, knocks."""
    out = np.zeros(n)
    board = struck(rng, 0.25)
    keys = [
        board * rng.uniform(0.2, 1)
        + rng.uniform(0.2, 1) * np.pad(struck(rng, 0.08), (0, board.size))[: board.size]
        for _ in range(int(rng.integers(3, 14)))
    ]
    ups = [struck(rng, 0.06) for _ in range(4)]
    big, mouse = struck(rng, 0.3), struck(rng, 0.04)
    up_level = rng.uniform(0, 0.9)
    interval = np.exp(rng.uniform(np.log(0.06), np.log(0.45)))
    unsteady = rng.uniform(0.05, 0.6)
    burst, rest = rng.uniform(2, 25), rng.uniform(0.05, 2.5)
    at = rng.uniform(0, 0.6)
    while at * RATE_HZ < n:
        for _ in range(1 + int(rng.poisson(burst))):
            press = big * 1.3 if rng.random() < 0.12 else keys[int(rng.integers(len(keys)))]
            put(out, press * rng.uniform(0.3, 1), int(at * RATE_HZ))
            lift = ups[int(rng.integers(len(ups)))] * up_level * rng.uniform(0.3, 1)
            put(out, lift, int((at + rng.uniform(0.03, 0.16)) * RATE_HZ))
            at += interval * rng.lognormal(0, unsteady)
        if rng.random() < 0.2:
            put(out, mouse, int(at * RATE_HZ))
            put(out, 0.7 * mouse, int((at + rng.uniform(0.05, 0.15)) * RATE_HZ))
        at += rest * rng.lognormal(0, 0.7)
    return with_floor(rng, somewhere(rng, unit(out)))


def clatter(rng: np.random.Generator, n: int) -> Floats:
    """Steps, knocks, doors, cups, paper, a bell or a chime: struck and rubbed things, far apart or in a row."""
    out = np.zeros(n)
    things = [struck(rng, np.exp(rng.uniform(np.log(0.05), np.log(1.2)))) for _ in range(4)]
    rate = np.exp(rng.uniform(np.log(0.3), np.log(6)))
    regular = rng.random() < 0.4
    at = rng.uniform(0, 1 / rate)
    while at * RATE_HZ < n:
        if rng.random() < 0.25:
            length = int(RATE_HZ * rng.uniform(0.05, 0.8))
            rub = coloured(rng, length, rng.uniform(-1, 1.5)) * rise_and_fall(rng, length)
            rub = rub * np.abs(wander(rng, length, rng.uniform(5, 120)))
            put(out, 0.3 * rub, int(at * RATE_HZ))
        else:
            put(out, things[int(rng.integers(4))] * rng.uniform(0.2, 1), int(at * RATE_HZ))
        at += (1 / rate) * (rng.uniform(0.9, 1.1) if regular else rng.exponential())
    return with_floor(rng, somewhere(rng, unit(out + 1e-6 * rng.normal(size=n))))


def hum(rng: np.random.Generator, n: int) -> Floats:
    """Mains, fans, engines: harmonics of any base, some loud, that drift and beat over moving air."""
    t = np.arange(n) / RATE_HZ
    base = (
        float(rng.choice([50.0, 60.0]))
        if rng.random() < 0.4
        else np.exp(rng.uniform(np.log(25), np.log(450)))
    )
    sway = 10 ** rng.uniform(-4, -1.6) * wander(rng, n, rng.uniform(0.1, 2))
    phase = 2 * np.pi * np.cumsum(base * (1 + sway)) / RATE_HZ
    steep = rng.uniform(0, 2)
    out = np.zeros(n)
    for k in range(1, int(rng.integers(2, 30))):
        if base * k > 7600:
            break
        if rng.random() < 0.7:
            gain = rng.uniform(0.05, 1) * k**-steep
            beat = 1 + rng.uniform(0, 0.8) * np.sin(2 * np.pi * rng.uniform(0.1, 8) * t + rng.uniform(0, 6))
            out += gain * beat * np.sin(k * phase + rng.uniform(0, 6))
    air = unit(shaped(coloured(rng, n, rng.uniform(0, 2)), throat(rng, n))) if rng.random() < 0.5 else None
    air = coloured(rng, n, rng.uniform(0, 3)) if air is None else air
    level = 10 ** (rng.uniform(-40, 12) / 20)
    return somewhere(rng, unit(out) + np.float32(level) * air)


def outdoors(rng: np.random.Generator, n: int) -> Floats:
    """Wind in gusts, cars that pass, rain, surf: coloured noise whose level and colour wander."""
    layers: list[np.ndarray] = []
    for _ in range(int(rng.integers(1, 4))):
        low, high = np.sort(rng.uniform(-0.5, 3.5, 2))
        mix = 1 / (1 + np.exp(-3 * wander(rng, n, rng.uniform(0.1, 1.5))))
        swell = 10 ** (rng.uniform(0, 14) * wander(rng, n, rng.uniform(0.05, 2)) / 20)
        layers.append(swell * (mix * coloured(rng, n, low) + (1 - mix) * coloured(rng, n, high)))
    if rng.random() < 0.3:  # drops
        drops = rng.normal(size=n) * (rng.random(n) < 10 ** rng.uniform(-4, -2))
        layers.append(20 * shaped(drops, throat(rng, n)))
    return somewhere(rng, unit(sum(layers)))  # type: ignore[arg-type]


def room(rng: np.random.Generator, n: int) -> Floats:
    """Steady room tone."""
    return unit(somewhere(rng, coloured(rng, n, rng.uniform(-0.5, 2.5))))


def music(rng: np.random.Generator, n: int) -> Floats:
    """A band of random instruments in a room, no voice."""
    return unit(somewhere(rng, instruments.music(rng, n)))


KINDS = {
    "room": room,
    "hum": hum,
    "breath": breath,
    "typing": typing,
    "clatter": clatter,
    "outdoors": outdoors,
    "music": music,
}
"""Every kind by name."""


def any_noise(rng: np.random.Generator, n: int) -> Floats:
    """(n,) one or two kinds together, −60 … −12 dBFS."""
    kinds = list(KINDS.values())
    out = kinds[int(rng.integers(len(kinds)))](rng, n)
    if rng.random() < 0.4:
        out = out + np.float32(0.3) * kinds[int(rng.integers(len(kinds)))](rng, n)
    level = 10 ** (rng.uniform(-60, -12) / 20)
    return np.asarray(out / (np.sqrt((out**2).mean()) + 1e-9) * level, np.float32)
