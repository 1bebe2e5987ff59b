"""A wire between a program and a server, and what goes wrong with it."""

import asyncio
from pathlib import Path
from typing import Self

import attrs


@attrs.define(eq=False)
class Wire:
    """
    A proxy on a TCP port of its own, before a server.

    Args:
        there: The server's socket: its file, or its host and port.

    Attributes:
        delay_s: How long each piece is on its way.
        is_silent: Whether it takes connections and what they send, and passes nothing
            on: the other end is gone, and nobody said so.
        passed: How many pieces it has passed on.
        swallowed: How many it has taken, and not.
        cut_after: It is cut when it has passed on so many; None: it is not.
    """

    there: Path | tuple[str, int]
    delay_s: float = 0.0
    is_silent: bool = False
    passed: int = 0
    swallowed: int = 0
    cut_after: int | None = None
    port: int = 0
    _door: asyncio.Server | None = None
    _ends: set[asyncio.StreamWriter] = attrs.field(factory=set)
    _ways: set[asyncio.Task[None]] = attrs.field(factory=set)

    async def __aenter__(self) -> Self:
        self._door = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._door.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._door is not None
        self._door.close()
        ways = list(self._ways)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        self.cut()

    def cut(self) -> None:
        """End every connection at once; new ones are taken."""
        for end in list(self._ends):
            # A reset, and not a farewell.
            end.transport.abort()
        self._ends.clear()

    def mend(self) -> None:
        """Pass on again what comes; what hung is gone."""
        self.cut()
        self.is_silent, self.delay_s = False, 0.0

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._ends.add(writer)
        try:
            if isinstance(self.there, Path):
                far = await asyncio.open_unix_connection(str(self.there))
            else:
                far = await asyncio.open_connection(*self.there)
        except OSError:
            writer.transport.abort()
            return
        self._ends.add(far[1])
        for ends in ((reader, far[1]), (far[0], writer)):
            way = asyncio.create_task(self._pass_on(*ends))
            self._ways.add(way)
            way.add_done_callback(self._ways.discard)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while data := await reader.read(65_536):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self.is_silent:
                    self.swallowed += 1
                    continue
                writer.write(data)
                self.passed += 1
                if self.passed == self.cut_after:
                    self.cut()
            writer.close()
        except OSError:
            writer.transport.abort()
