"""What a network of pictures runs on: the fastest that onnxruntime offers here, and the next if that fails.

Which packages bring what: onnxruntime-gpu CUDA and TensorRT, onnxruntime-directml any GPU of Windows, onnxruntime on a
Mac CoreML; plain onnxruntime the processor.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

_log = logging.getLogger(__name__)

PROVIDERS = {
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
"""Names for `--device`, fastest first."""
AUTO = "auto"
_UNASKED = ("tensorrt",)
"""Builds its engine for minutes at the first run: only if asked for."""


class DeviceError(ValueError):
    """No such device, or none that works."""


class Runner:
    """A network on one device, moved to the next one if that fails.

    Args:
        network: the ONNX file's bytes.
        device: one of `PROVIDERS`, or `auto`.
        threads: of the processor; all its cores by default.
        open_session: (bytes, provider, threads) → session; for tests.

    Raises:
        DeviceError: if the device is unknown or not there, or the network fits none.
    """

    def __init__(
        self,
        network: bytes,
        device: str = AUTO,
        threads: int | None = None,
        open_session: Callable[[bytes, str, int], Any] | None = None,
    ) -> None:
        self._network = network
        self._threads = threads or os.cpu_count() or 1
        self._open = open_session or _session
        self._left = chosen(device, available())
        self.device = ""
        """What it runs on now."""
        self._session: Any = None
        self._next("")

    def metadata(self) -> dict[str, str]:
        """What the file says of itself."""
        found: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        return found

    def __call__(self, inputs: dict[str, Any]) -> Any:
        """Runs it; returns the first output.

        Raises:
            DeviceError: if no device is left.
        """
        while True:
            try:
                return self._session.run(None, inputs)[0]
            except Exception as error:  # noqa: BLE001  onnxruntime's exceptions share no class: memory, driver, …
                self._next(f"{self.device} failed ({str(error).splitlines()[0]:.120})")

    def _next(self, why: str) -> None:
        while self._left:
            name = self._left.pop(0)
            try:
                self._session = self._open(self._network, PROVIDERS[name], self._threads)
            except Exception as error:  # noqa: BLE001
                why = f"{name} cannot run the network ({str(error).splitlines()[0]:.120})"
                continue
            self.device = name
            if why:
                _log.warning("%s; going on with %s", why, name)
            return
        raise DeviceError(f"{why or 'no device is there'}; try --device cpu, or export the network again")


def available() -> tuple[str, ...]:
    """Names of the devices that this onnxruntime was built for."""
    import onnxruntime  # 0.1 s: only when something is painted

    there = set(onnxruntime.get_available_providers())
    return tuple(name for name, provider in PROVIDERS.items() if provider in there)


def chosen(device: str, there: tuple[str, ...]) -> list[str]:
    """Devices to try, in order; the processor is always the last.

    Raises:
        DeviceError: if it is unknown or not there.
    """
    if device == AUTO:
        return [name for name in there if name not in _UNASKED]
    if device not in PROVIDERS:
        raise DeviceError(f"no device {device!r}; there are {AUTO}, {', '.join(PROVIDERS)}")
    if device not in there:
        raise DeviceError(
            f"this onnxruntime was not built for {device}, only for {', '.join(there)}; "
            "install onnxruntime-gpu (cuda, tensorrt) or onnxruntime-directml in its place, or leave --device out"
        )
    return list(dict.fromkeys([device, *(["cpu"] if "cpu" in there else [])]))


def _session(network: bytes, provider: str, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what fails is said once, by us
    return onnxruntime.InferenceSession(network, options, providers=[provider])
