"""Pipelines for streams: as many as ever ran at once, warmed up, each lent to one stream at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.assembly import Assembly, assemble
from bridge.config import Config


class Pool:
    """One pipeline from the start, so that what is wrong with a network is known before anybody comes.

    Raises:
        WeightsError, ContractError: as `assemble`.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        first = self._made()
        self.network, self.lookahead_ms = first.network, first.lookahead_ms
        self._idle = [first]

    def __len__(self) -> int:
        """Pipelines that nobody uses now."""
        return len(self._idle)

    @contextmanager
    def borrowed(self) -> Iterator[Assembly]:
        """A pipeline that nobody else uses; making a new one takes the better part of a second."""
        with self._lock:
            assembly = self._idle.pop() if self._idle else None
        assembly = assembly or self._made()
        try:
            yield assembly
        finally:
            with self._lock:
                self._idle.append(assembly)

    def _made(self) -> Assembly:
        assembly = assemble(self._config)
        assembly.warm_up()
        return assembly
