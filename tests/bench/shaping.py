"""A slow link to a server of this machine: `with Link(port) as link: … link.port … link.received`.

A proxy of TCP that all connections share: so many bits a second in each direction, so much delay each way,
and a round trip before a new connection carries anything, as TCP takes to open. The browser's own throttling
does not reach workers. Without a rate it only counts.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

PACKET = 1460  # bytes
LOCAL = "127.0.0.1"


@dataclass
class Direction:
    """One direction of the link: when its line is free again, and how many bytes went through."""

    bits_a_second: float
    free_at: float = 0.0
    carried: int = 0

    def take(self, now: float, size: int) -> float:
        """Give the moment at which a packet read now has left the line."""
        self.carried += size
        self.free_at = max(now, self.free_at) + (8 * size / self.bits_a_second if self.bits_a_second else 0)
        return self.free_at


@dataclass
class Link:
    """A slow way to `target`, a port of this machine; `port` is where to ask instead.

    Parameters
    ----------
    target : int
        Port of the server.
    megabits : float
        A second, in each direction; 0 for no limit.
    round_trip_s : float
        Half of it each way.
    """

    target: int
    megabits: float = 0.0
    round_trip_s: float = 0.0
    port: int = 0
    _up: Direction = field(init=False)
    _down: Direction = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(init=False, default_factory=asyncio.new_event_loop)
    _connections: set[asyncio.Task] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self._up, self._down = (Direction(self.megabits * 1e6) for _ in range(2))

    @property
    def received(self) -> int:
        """Bytes that came from the server so far, headers and all."""
        return self._down.carried

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, ready: threading.Event) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._connect, LOCAL, 0, backlog=256))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._hang_up())
        self._loop.close()

    async def _hang_up(self) -> None:
        for one in self._connections:
            one.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_at = self._loop.time() + self.round_trip_s
        self._connections.add(asyncio.current_task())
        try:
            from_server, to_server = await asyncio.open_connection(LOCAL, self.target)
            await asyncio.gather(
                self._carry(reader, to_server, self._up, open_at),
                self._carry(from_server, writer, self._down, open_at),
            )
        except (OSError, asyncio.CancelledError):
            writer.close()
        finally:
            self._connections.discard(asyncio.current_task())

    async def _carry(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        line: Direction,
        open_at: float,
    ) -> None:
        """Carry packets one by one: the next is read when this one has left, so connections take turns."""
        under_way: deque[tuple[float, bytes]] = deque()
        arrives = asyncio.create_task(self._deliver(under_way, sink, more := asyncio.Event()))
        try:
            while packet := await source.read(PACKET if self.megabits else 1 << 16):
                left = line.take(max(self._loop.time(), open_at), len(packet))
                under_way.append((left + self.round_trip_s / 2, packet))
                more.set()
                await self._until(left)
        finally:
            under_way.append((self._loop.time() + self.round_trip_s / 2, b""))
            more.set()
            await arrives

    async def _deliver(
        self, under_way: deque[tuple[float, bytes]], sink: asyncio.StreamWriter, more: asyncio.Event
    ) -> None:
        """Hand packets over when they are due; an empty one is the end."""
        while True:
            while not under_way:
                more.clear()
                await more.wait()
            due, packet = under_way.popleft()
            await self._until(due)
            with suppress(OSError):
                if not packet:
                    return sink.close()
                if not sink.is_closing():
                    sink.write(packet)
                    await sink.drain()

    async def _until(self, moment: float) -> None:
        if (rest := moment - self._loop.time()) > 0:
            await asyncio.sleep(rest)
