"""Other throats, rooms and microphones, made of log-mel: works on batches of features (B, K, 80)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

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


def augment(mel: Tensor, strength: float = 1.0) -> Tensor:
    """Formants, colour, gain, a steady noise, at times another voice behind; features in, features out.

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
    power = log_power.exp() + noise.exp()
    shuffled = torch.randperm(batch)
    behind = torch.exp(-uniform((batch, 1, 1), 10, 30) / 10 * math.log(10)) * (torch.rand(batch, 1, 1) < 0.2)
    power = power + (log_power[shuffled] - level[shuffled] + level).exp() * behind
    return to_features(torch.log(power + FLOOR))


def noise_only(shape: tuple[int, int]) -> Tensor:
    """(B, K, 80) features of rooms where nobody speaks: steady colour, slow swell, no voice."""
    batch, hops = shape
    level = uniform((batch, 1, 1), -16, -5)
    swell = torch.sin(torch.arange(hops).view(1, -1, 1) / uniform((batch, 1, 1), 20, 200)) * uniform(
        (batch, 1, 1), 0, 1
    )
    log_power = level + colour(batch, 12) + swell + 0.6 * torch.randn(batch, hops, BINS)
    return to_features(torch.log(log_power.exp() + FLOOR))
