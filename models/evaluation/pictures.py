"""How near pictures are to real ones: PSNR, SSIM, sharpness, flicker; standard definitions, 8-bit RGB."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[np.uint8]
"""(T, H, W, 3)."""
SIGMA, TRUNCATE = 1.5, 3.5
"""SSIM's window: an 11 × 11 Gaussian (Wang et al., IEEE TIP 2004)."""
K1, K2 = 0.01, 0.03
LUMA = (0.299, 0.587, 0.114)


def psnr(made: Pictures, real: Pictures) -> float:
    """Mean over frames of each frame's PSNR, dB."""
    error = ((made.astype(np.float64) - real) ** 2).mean(axis=(1, 2, 3))
    return float((10 * np.log10(255.0**2 / np.maximum(error, 1e-6))).mean())


def ssim(made: Pictures, real: Pictures) -> float:
    """Mean structural similarity over frames and channels (equation 13 of Wang et al.)."""
    from scipy.ndimage import gaussian_filter

    def smooth(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        found: npt.NDArray[np.float64] = gaussian_filter(x, (SIGMA, SIGMA, 0), truncate=TRUNCATE)
        return found

    c1, c2 = (K1 * 255) ** 2, (K2 * 255) ** 2
    found = []
    for a, b in zip(made.astype(np.float64), real.astype(np.float64), strict=True):
        ma, mb = smooth(a), smooth(b)
        va, vb, cov = smooth(a * a) - ma * ma, smooth(b * b) - mb * mb, smooth(a * b) - ma * mb
        values = ((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
        found.append(values.mean())
    return float(np.mean(found))


def sharpness(pictures: Pictures) -> float:
    """Mean over frames of the variance of the Laplacian of luma."""
    luma = pictures.astype(np.float64) @ np.array(LUMA)
    laplacian = (
        luma[:, :-2, 1:-1]
        + luma[:, 2:, 1:-1]
        + luma[:, 1:-1, :-2]
        + luma[:, 1:-1, 2:]
        - 4 * luma[:, 1:-1, 1:-1]
    )
    return float(laplacian.var(axis=(1, 2)).mean())


def flicker(pictures: Pictures, still: npt.NDArray[np.bool_]) -> float:
    """Mean change from frame to frame where `still` (H, W) says that nothing moves, steps of 255."""
    change = np.abs(np.diff(pictures.astype(np.float64), axis=0)).mean(axis=3)
    return float(change[:, still].mean())


def crop(pictures: Pictures, boxes: npt.NDArray[np.int64], side: int) -> Pictures:
    """(T, side, side, 3) of (T, H, W, 3) at tops and lefts (T, 2)."""
    cut = [p[y : y + side, x : x + side] for p, (y, x) in zip(pictures, boxes, strict=True)]
    return np.stack(cut)
