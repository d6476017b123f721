"""A TCP proxy that is a bad network: it cuts, stalls or slows what the server says."""

import contextlib
import select
import socket
import struct
import threading
from types import TracebackType
from typing import Self


class Proxy:
    """Stands between a client and ``port`` of this machine for as long as the context lasts.

    Args:
        port: of the server.
        cut: cut the connection after so many bytes of the server.
        reset: cut with a TCP reset instead of an end of file.
        stall: say nothing more after so many bytes, and keep the connection open.
        rate: bytes of the server per second.
        times: only so many connections suffer; the others are served well. None for all.
    """

    def __init__(
        self,
        port: int,
        *,
        cut: int | None = None,
        reset: bool = False,
        stall: int | None = None,
        rate: float | None = None,
        times: int | None = None,
    ) -> None:
        self._server_port = port
        self._cut, self._reset, self._stall, self._rate = cut, reset, stall, rate
        self._times = times
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self.connections = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _address = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            suffers = self._times is None or self.connections <= self._times
            server = socket.create_connection(("127.0.0.1", self._server_port))
            self._start(self._serve, client, server, suffers)

    def _serve(self, client: socket.socket, server: socket.socket, suffers: bool) -> None:
        up = threading.Thread(target=self._pump_up, args=(client, server), daemon=True)
        up.start()
        try:
            self._pump_down(server, client, suffers)
        finally:
            for one in (client, server):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            up.join(10)
            client.close()
            server.close()

    def _pump_up(self, client: socket.socket, server: socket.socket) -> None:
        # ValueError: the other thread has closed the socket that this one waits for.
        with contextlib.suppress(OSError, ValueError):
            while piece := self._receive(client):
                server.sendall(piece)
            server.shutdown(socket.SHUT_WR)

    def _pump_down(self, server: socket.socket, client: socket.socket, suffers: bool) -> None:
        sent = 0
        limit = next((limit for limit in (self._cut, self._stall) if limit is not None), None) if suffers else None
        # ValueError: the other thread has closed the socket that this one waits for.
        with contextlib.suppress(OSError, ValueError):
            while piece := self._receive(server):
                if limit is not None and sent + len(piece) >= limit:
                    client.sendall(piece[: limit - sent])
                    self._misbehave(client)
                    return
                if self._rate and suffers:
                    self._stopped.wait(len(piece) / self._rate)
                client.sendall(piece)
                sent += len(piece)

    def _misbehave(self, client: socket.socket) -> None:
        if self._cut is None:
            self._stopped.wait(60)
        elif self._reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()

    def _receive(self, source: socket.socket) -> bytes:
        """The next bytes; none at the end, and when the proxy is closed."""
        while not self._stopped.is_set():
            if select.select([source], [], [], 0.05)[0]:
                return source.recv(4096)
        return b""
