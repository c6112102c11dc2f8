"""Other throats, rooms and microphones, made of log-mel: works on batches of features (B, K, 80)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bridge.features import BINS, FLOOR, MEAN, SCALE


def to_log_power(mel: Tensor) -> Tensor:
    """Features as `bridge.features` hands them out → natural log of mel power."""
    return mel * SCALE + MEAN


def to_features(log_power: Tensor) -> Tensor:
    """The way back."""
    return (log_power - MEAN) / SCALE


def uniform(shape: tuple[int, ...], low: float, high: float) -> Tensor:
    """Uniform random tensor."""
    return torch.rand(shape) * (high - low) + low


def warp_formants(log_power: Tensor, low: float = 0.82, high: float = 1.22) -> Tensor:
    """Stretches the mel axis of each clip: a longer or a shorter throat."""
    factor = torch.exp(uniform((log_power.shape[0], 1), math.log(low), math.log(high)))
    bins = (torch.arange(BINS) * factor).clamp(max=BINS - 1.001)
    left = bins.floor().long()
    weight = (bins - left).unsqueeze(1)
    left = left.unsqueeze(1).expand(-1, log_power.shape[1], -1)
    return (
        log_power.gather(2, left) * (1 - weight)
        + log_power.gather(2, (left + 1).clamp(max=BINS - 1)) * weight
    )


def colour(batch: int, db: float) -> Tensor:
    """(B, 1, 80) smooth random spectral colour, up to about ±`db`, in natural log power."""
    axis = torch.linspace(0, 1, BINS)
    phases = torch.stack([axis - 0.5, *(torch.cos(math.pi * k * axis) for k in (2, 3, 5))])
    sizes = uniform((batch, 4), -1, 1) * torch.tensor([2.0, 0.6, 0.5, 0.3])
    return (sizes @ phases).unsqueeze(1) * (db / 10 * math.log(10))


def band_limit(log_power: Tensor, share: float) -> Tensor:
    """Telephones and poor microphones: for `share` of the clips everything outside a random band is gone."""
    batch = log_power.shape[0]
    bins = torch.arange(BINS, dtype=torch.float32).view(1, 1, -1)
    # bins of the mel scale: 300 Hz is bin 10, 3400 Hz bin 54, 7600 Hz the last
    low = torch.where(torch.rand(batch, 1, 1) < 0.7, uniform((batch, 1, 1), 3, 13), torch.zeros(batch, 1, 1))
    high = torch.where(
        torch.rand(batch, 1, 1) < 0.7, uniform((batch, 1, 1), 48, 66), torch.full((batch, 1, 1), 90.0)
    )
    steep = uniform((batch, 1, 1), 1.0, 6.0)  # natural log power lost per bin
    lost = steep * ((low - bins).clamp(min=0) + (bins - high).clamp(min=0))
    return log_power - lost.clamp(max=14.0) * (torch.rand(batch, 1, 1) < share)


def reverberate(power: Tensor, share: float) -> Tensor:
    """Rooms: for `share` of the clips every hop leaves a tail that fades by 60 dB in 0.2 … 0.9 s."""
    batch, hops, _ = power.shape
    fade = torch.exp(-6 * math.log(10) / (100 * uniform((batch, 1), 0.2, 0.9)))
    # energy of the whole tail against the direct sound: −12 … +3 dB
    total = torch.exp(uniform((batch, 1), -12, 3) / 10 * math.log(10)) * (torch.rand(batch, 1) < share)
    first = total * (1 - fade) / fade
    tail = min(60, hops)
    weights = first * fade ** torch.arange(1, tail + 1)  # (B, tail)
    kernel = torch.cat([weights.flip(1), torch.ones(batch, 1)], dim=1)
    padded = nn.functional.pad(power.permute(2, 0, 1), (tail, 0))  # (80, B, hops + tail)
    wet = nn.functional.conv1d(padded, kernel.unsqueeze(1), groups=batch)
    return wet.permute(1, 2, 0)


def augment(mel: Tensor, strength: float = 1.0) -> Tensor:
    """Formants, colour, gain, room, noise, at times other voices behind, at times a telephone; features to features.

    `strength` scales formants, gain and colour: what is judged by timbre wants less of them.
    """
    batch = mel.shape[0]
    log_power = warp_formants(to_log_power(mel), 0.82**strength, 1.22**strength)
    gain = uniform((batch, 1, 1), -22, 10) / 10 * math.log(10)
    log_power = log_power + strength * (gain + colour(batch, 4))
    level = log_power.amax(2).quantile(0.9, dim=1).view(-1, 1, 1)
    # against the loudest bin of the voice: 25 dB below it already covers most consonants
    below = torch.where(
        torch.rand(batch, 1, 1) < 0.15 * strength,
        uniform((batch, 1, 1), 12, 25),
        uniform((batch, 1, 1), 25, 75),
    )
    snr = below / 10 * math.log(10)
    noise = level - snr + colour(batch, 8) + 0.5 * torch.randn_like(log_power)
    # at times other voices behind: one, or the sum of three, which is a babble
    clean = log_power.exp()
    behind = torch.zeros_like(clean)
    for _ in range(3):
        other = torch.randperm(batch)
        loud = torch.exp(-uniform((batch, 1, 1), 8, 30) / 10 * math.log(10)) * (
            torch.rand(batch, 1, 1) < 0.12
        )
        behind = behind + (log_power[other] - level[other] + level).exp() * loud
    power = reverberate(clean + behind, 0.2 * strength) + noise.exp()
    log_power = band_limit(torch.log(power + FLOOR), 0.12 * strength)
    return to_features(torch.log(log_power.exp() + FLOOR))


def noise_only(shape: tuple[int, int]) -> Tensor:
    """(B, K, 80) features of rooms where nobody speaks: steady colour, slow swell, no voice."""
    batch, hops = shape
    level = uniform((batch, 1, 1), -16, -5)
    swell = torch.sin(torch.arange(hops).view(1, -1, 1) / uniform((batch, 1, 1), 20, 200)) * uniform(
        (batch, 1, 1), 0, 1
    )
    log_power = level + colour(batch, 12) + swell + 0.6 * torch.randn(batch, hops, BINS)
    return to_features(torch.log(log_power.exp() + FLOOR))
