import logging
from typing import Any

import pytest

from bridge.portrait import devices
from bridge.portrait.devices import DeviceError, Runner, chosen


class Session:
    """Answers, or fails at its first run."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails

    def run(self, names: None, given: dict[str, Any]) -> list[str]:
        if self.fails:
            raise RuntimeError("CUDA out of memory\nand a stack")
        return ["picture"]


def test_the_fastest_goes_first_and_tensorrt_only_if_asked() -> None:
    there = ("tensorrt", "cuda", "cpu")
    assert chosen("auto", there) == ["cuda", "cpu"]
    assert chosen("tensorrt", there) == ["tensorrt", "cpu"]
    assert chosen("cpu", there) == ["cpu"]


def test_what_is_not_there_is_said_with_what_is() -> None:
    with pytest.raises(DeviceError, match=r"not built for cuda, only for cpu; install onnxruntime-gpu"):
        chosen("cuda", ("cpu",))
    with pytest.raises(DeviceError, match="no device 'gpu'; there are auto, tensorrt, cuda"):
        chosen("gpu", ("cpu",))


def test_a_device_that_runs_out_of_memory_gives_way(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(devices, "available", lambda: ("cuda", "cpu"))
    runner = Runner(b"", open_session=lambda _, provider, __: Session(fails=provider.startswith("CUDA")))
    assert runner.device == "cuda"
    with caplog.at_level(logging.WARNING):
        assert runner({}) == "picture"
    assert runner.device == "cpu"
    assert caplog.messages == ["cuda failed (CUDA out of memory); going on with cpu"]


def test_no_device_left_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "available", lambda: ("cpu",))
    runner = Runner(b"", open_session=lambda *_: Session(fails=True))
    with pytest.raises(DeviceError, match=r"cpu failed .*try --device cpu, or export"):
        runner({})


def test_a_file_that_is_no_network_is_told() -> None:
    with pytest.raises(DeviceError, match="cpu cannot run the network"):
        Runner(b"nonsense")
