"""A data folder of seconds, made by formula, in the layout that the recipes read."""

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge import landmarks as face

RATE = 16000


def talking(seconds: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sound in syllables, and how open the mouth is 25 times a second: it follows the loudness."""
    rng = np.random.default_rng(seed)
    n = int(seconds * RATE)
    t = np.arange(n) / RATE
    envelope = np.clip(np.sin(2 * np.pi * (2 + rng.random()) * t + rng.random() * 6), 0, 1)
    envelope[: RATE // 4] = 0
    sound = envelope * np.sin(2 * np.pi * (110 + 60 * rng.random()) * t) * 0.3 + 0.0005 * rng.normal(size=n)
    return sound.astype(np.float32), envelope[:: RATE // 25].astype(np.float32)


def write_track(path: Path, opening: np.ndarray, seed: int) -> None:
    """A face whose lower lip and chin follow `opening`, brows moved by the seed."""
    rng = np.random.default_rng(seed)
    frames = len(opening)
    landmarks = np.repeat(face.neutral_face()[None], frames, 0).astype(np.float32)
    landmarks[:, [*range(5, 12), *range(55, 60), 65, 66, 67], 1] -= opening[:, None]
    landmarks[:, list(face.BROWS), 1] += rng.normal(0, 0.2)
    landmarks += rng.normal(0, 0.005, landmarks.shape)
    iris = np.zeros((frames, 10, 3), np.float32)
    iris[:, :5] = landmarks[:, [36, 39]].mean(1)[:, None]
    iris[:, 5:] = landmarks[:, [42, 45]].mean(1)[:, None]
    pose = np.repeat(np.eye(4, dtype=np.float32)[None], frames, 0)
    yaw = 0.1 * np.sin(np.arange(frames) / 7 + seed)
    pose[:, 0, 0] = pose[:, 2, 2] = np.cos(yaw)
    pose[:, 0, 2], pose[:, 2, 0] = np.sin(yaw), -np.sin(yaw)
    pose[:, 2, 3] = -60 + np.sin(np.arange(frames) / 9)
    np.savez(
        path,
        time_s=(np.arange(frames) / 25).astype(np.float32),
        ok=np.ones(frames, bool),
        landmarks=landmarks.astype(np.float16),
        iris=iris.astype(np.float16),
        pose=pose,
        fps=np.float32(25),
        size=np.array([256, 256]),
    )


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    for folder, count in (("grid_s1/train", 6), ("grid_s1/val", 2), ("talk", 2)):
        (root / folder).mkdir(parents=True)
        for i in range(count):
            sound, opening = talking(3.0, i)
            name = f"Person_clip{i}" if folder == "talk" else f"bbaf{i}n"
            suffix = ".ogg" if folder == "grid_s1/train" else ".flac"
            soundfile.write(root / folder / f"{name}{suffix}", sound, RATE)
            write_track(root / folder / f"{name}.npz", opening, i)
    for actor in ("actor_01", "actor_24"):
        (root / "ravdess_speech" / actor).mkdir(parents=True)
        for emotion in range(1, 9):
            for sentence in (1, 2):
                sound, _ = talking(2.0, 100 * sentence + emotion)
                name = f"03-01-{emotion:02d}-01-{sentence:02d}-01-{actor[-2:]}.flac"
                soundfile.write(root / "ravdess_speech" / actor / name, sound * emotion / 8, RATE)
    (root / "mead_motion").mkdir()
    for k, emotion in enumerate(("neutral", "happy", "angry")):
        _, opening = talking(3.0, 50 + k)
        write_track(root / "mead_motion" / f"M030_front_{emotion}_level3_001.npz", opening, 60 + k)
    return root


@pytest.fixture(scope="session")
def acted_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `models.data.track` leaves of one MEAD actor, five sentences a feeling: no GRID, no talk."""
    root = tmp_path_factory.mktemp("acted") / "data"
    folder = root / "mead_motion"
    folder.mkdir(parents=True)
    for k, said in enumerate(("neutral_level1", "angry_level3")):
        for sentence in range(1, 6):
            sound, opening = talking(3.0, 80 + 5 * k + sentence)
            path = folder / f"M003_front_{said}_{sentence:03d}.npz"
            soundfile.write(path.with_suffix(".flac"), sound, RATE)
            write_track(path, opening, 80 + k)
    return root


def whisper_file(path: Path, seed: int = 0) -> dict[str, np.ndarray]:
    """A model.bin of Whisper tiny's shapes with small random weights."""
    rng = np.random.default_rng(seed)
    shapes = {
        "conv1/weight": (384, 80, 3),
        "conv1/bias": (384,),
        "conv2/weight": (384, 384, 3),
        "conv2/bias": (384,),
    }
    shapes["position_encodings/encodings"] = (1500, 384)
    for norm in (
        "layer_norm",
        *(f"layer_{i}/{p}/layer_norm" for i in range(4) for p in ("self_attention", "ffn")),
    ):
        shapes |= {f"{norm}/gamma": (384,), f"{norm}/beta": (384,)}
    for i in range(4):
        for name, out, inward in (
            ("self_attention/linear_0", 1152, 384), ("self_attention/linear_1", 384, 384),
            ("ffn/linear_0", 1536, 384), ("ffn/linear_1", 384, 1536),
        ):  # fmt: skip
            shapes |= {f"layer_{i}/{name}/weight": (out, inward), f"layer_{i}/{name}/bias": (out,)}
    arrays = {n: (rng.normal(0, 0.05, s) + n.endswith("gamma")).astype(np.float16) for n, s in shapes.items()}

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    with path.open("wb") as file:
        file.write(struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(arrays) + 1))
        file.write(text("encoder/num_heads") + struct.pack("<BBIh", 0, 2, 2, 6))
        for name, array in arrays.items():
            file.write(text(f"encoder/{name}") + struct.pack("<B", array.ndim))
            file.write(struct.pack(f"<{array.ndim}I", *array.shape) + struct.pack("<BI", 4, array.nbytes))
            file.write(array.tobytes())
    return arrays


@pytest.fixture(scope="session")
def whisper_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    """A folder with a Whisper that knows nothing, and the arrays in it."""
    folder = tmp_path_factory.mktemp("whisper")
    return folder, whisper_file(folder / "model.bin")


def write_sound(path: Path, seconds: float = 0.5, rate: int = RATE, hertz: float = 200.0) -> np.ndarray:
    """A tone in a file of any format that libsndfile writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate).astype(np.float32)
    soundfile.write(path, samples, rate)
    return samples


def write_video(
    path: Path,
    frames: int = 5,
    *,
    sound_s: float | None = None,
    late_s: float = 0.0,
    size: tuple[int, int] = (64, 48),
    rate: int = 25,
    turned: int = 0,
    audio: str = "aac",
) -> None:
    """Grey frames, each lighter than the last for seven; with `sound_s` a tone that begins `late_s` before them.

    `turned` is what a telephone held upright writes: degrees counter-clockwise by which to turn the picture.
    """
    av = pytest.importorskip("av", reason="videos are made with PyAV")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        codec = {".flv": "flv", ".mpg": "mpeg1video"}.get(path.suffix, "mpeg4")
        video = container.add_stream(codec, rate=rate)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        if turned:
            video.set_display_rotation(turned)
        if sound_s is not None:
            sound = container.add_stream(audio, rate=44100, layout="mono")
            tone = 0.3 * np.sin(2 * np.pi * 200 * np.arange(round(sound_s * 44100)) / 44100).astype(
                np.float32
            )
            whole = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
            whole.sample_rate, whole.pts, whole.time_base = 44100, 0, Fraction(1, 44100)
            resampler = av.AudioResampler(format=sound.format, layout="mono", rate=44100)
            for part in resampler.resample(whole):
                container.mux(sound.encode(part))
            container.mux(sound.encode(None))
        for i in range(frames):
            grey = np.full((size[1], size[0], 3), 40 + 30 * (i % 7), np.uint8)
            grey[: size[1] // 4, : size[0] // 4] = 255  # top left
            picture = av.VideoFrame.from_ndarray(grey, format="rgb24")
            picture.pts, picture.time_base = i + round(late_s * rate), Fraction(1, rate)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))


@pytest.fixture(scope="session")
def make_sound() -> Callable[..., np.ndarray]:
    return write_sound


@pytest.fixture(scope="session")
def make_video() -> Callable[..., None]:
    return write_video
