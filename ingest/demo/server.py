"""A real IMAP server inside this process, on a loopback port, for the demonstration."""

import asyncio
import datetime as dt
import imaplib
import threading
from argparse import Namespace
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

USER = "service@stadtwerke-musterstadt.example"
PASSWORD = "demo"  # noqa: S105 - of a server that lives for seconds, on loopback


@dataclass(frozen=True, slots=True)
class Delivery:
    """A mail and when the server shall say it came in (INTERNALDATE)."""

    content: bytes
    received_at: dt.datetime


class DemoServer:
    """pymap with its dictionary backend, in a thread of its own."""

    port: int

    def __enter__(self) -> Self:
        started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def deliver(self, mails: Iterable[Delivery]) -> int:
        """APPEND the mails to INBOX and give their number."""
        count = 0
        connection = imaplib.IMAP4("127.0.0.1", self.port)
        connection.login(USER, PASSWORD)
        for mail in mails:
            content = mail.content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            date = imaplib.Time2Internaldate(mail.received_at)
            status, answer = connection.append("INBOX", "", date, content)
            if status != "OK":
                raise RuntimeError(f"The demonstration server refused a mail: {answer!r}")
            count += 1
        connection.logout()
        return count

    def _run(self, started: threading.Event) -> None:
        try:
            self._loop.run_until_complete(self._serve(started))
        finally:
            self._loop.close()

    async def _serve(self, started: threading.Event) -> None:
        from proxyprotocol.reader import ProxyProtocolReader
        from pymap.backend.dict import DictBackend
        from pymap.imap import IMAPServer

        arguments = Namespace(
            host="127.0.0.1",
            port=0,
            debug=False,
            cert=None,
            key=None,
            tls=False,
            proxy_protocol=None,
            passlib_cfg=None,
            demo_data=False,
            demo_user=USER,
            demo_password=PASSWORD,
        )
        backend, config = await DictBackend.init(arguments)
        config.apply_context()
        self._stop = asyncio.Event()
        callback = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
        async with AsyncExitStack() as stack:
            await backend.start(stack)
            server = await asyncio.start_server(callback, "127.0.0.1", 0)
            await stack.enter_async_context(server)
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            await self._stop.wait()
