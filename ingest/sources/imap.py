r"""Mailboxes over IMAP4rev1 (RFC 3501): never loses a mail, never sets ``\Seen``, never expunges what is not ours.

The one module that speaks through imapclient: the connection, and what each of its answers and failures means.
"""

import contextlib
import datetime as dt
import functools
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imapclient import DELETED, IMAPClient, SocketTimeout
from imapclient.exceptions import (
    CapabilityError,
    IMAPClientAbortError,
    IMAPClientError,
    IMAPClientReadOnlyError,
    ProtocolError,
)
from imapclient.exceptions import LoginError as RefusedLoginError

from ingest.sources.base import Place
from ingest.sources.imap_mailboxes import PIECE, Budget, ImapSource, Piece, RefusedError
from ingest.sources.imap_settings import ImapSettings, connection_error, login_error, response_code, tls_context
from models.config import KindConfig
from models.errors import ConfigError, PosteingangError, TemporaryError

_SEARCH_WINDOW = 50_000
"""Messages per SEARCH: imaplib refuses lines over 1,000,000 bytes, and a UID takes up to 11."""
_BROKEN_ANSWERS = (OSError, IMAPClientAbortError, ProtocolError, ValueError, TypeError, AttributeError, LookupError)
"""What the library raises for cut connections and for answers that are not IMAP; the connection is of no more use."""


def build(name: str, settings: KindConfig, *, data: Path) -> ImapSource:
    """Build the source configured with ``kind = "imap"``."""
    where = f"sources.{name}"
    own = settings.settings(ImapSettings, where=where)
    return ImapSource(name, own, connect=functools.partial(connect, own, where=where), locks=data / "locks")


def connect(settings: ImapSettings, *, where: str) -> "ImapSession":
    """Connect and log in.

    Args:
        settings: of the source.
        where: its table in the configuration, such as ``sources.mailbox``, for errors.

    Raises:
        ConfigError: if the certificate, the port or the way to the password is wrong.
        LoginError: if the server refuses the password.
        TemporaryError: if the server cannot be reached.
    """
    password = settings.password(where)
    context = tls_context(settings, where)
    is_tls = settings.security == "tls"
    try:
        client = IMAPClient(
            settings.host,
            port=settings.server_port,
            ssl=is_tls,
            ssl_context=context if is_tls else None,
            timeout=SocketTimeout(settings.connect_seconds, settings.read_seconds),
        )
    except (OSError, UnicodeError, IMAPClientError) as error:
        raise connection_error(error, settings, where) from error
    session = ImapSession(client, settings)
    try:
        if settings.security == "starttls":
            _start_tls(client, settings, context, where)
        session.log_in(password, where)
    except BaseException:
        session.is_broken = True
        session.close()
        raise
    return session


def _start_tls(client: Any, settings: ImapSettings, context: ssl.SSLContext, where: str) -> None:
    try:
        client.starttls(context)
    except CapabilityError:
        raise ConfigError(f"{settings.server} does not offer STARTTLS; set '{where}.security' to 'tls'.") from None
    except (OSError, IMAPClientError) as error:
        raise connection_error(error, settings, where) from error


class ImapSession:
    """A connection that is logged in: each question has a deadline, each failure is one of our errors."""

    def __init__(self, client: Any, settings: ImapSettings) -> None:
        self._client = client
        self._settings = settings
        self.is_broken = False
        self.place = Place("")
        self.stays = ""
        """Why mails cannot be moved out of the selected mailbox; empty if they can."""
        self._messages = 0
        self._target = ""
        client.normalise_times = False

    @contextlib.contextmanager
    def _asking(self, subject: str, seconds: float) -> Iterator[Any]:
        """Talk to the server for at most so long; the library's own time limit counts anew with every byte."""
        expired = threading.Event()

        def hang_up() -> None:
            expired.set()
            with contextlib.suppress(OSError):
                # Not SSLSocket's own method: it would take the TLS layer from under the thread that reads.
                socket.socket.shutdown(self._client.socket(), socket.SHUT_RDWR)

        timer = threading.Timer(max(seconds, 0.001), hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield self._client
        except _BROKEN_ANSWERS as error:
            self.is_broken = True
            if expired.is_set():
                raise TemporaryError(f"{subject}: the server took too long; the next run tries again.") from error
            reason = "did not answer in time" if isinstance(error, TimeoutError) else f"broke off ({error})"
            raise TemporaryError(f"{subject}: {self._settings.server} {reason}; the next run tries again.") from error
        except IMAPClientError as error:
            raise RefusedError(subject, str(error)) from error
        finally:
            timer.cancel()
            self.is_broken |= expired.is_set()

    def log_in(self, password: str, where: str) -> None:
        """Log in; SASL PLAIN where it is offered, because LOGIN cannot say umlauts."""
        user = self._settings.user
        with self._asking(f"Log-in as {user}", self._settings.message_seconds) as client:
            try:
                if b"AUTH=PLAIN" in client.capabilities():
                    client.sasl_login("PLAIN", lambda _challenge: f"\0{user}\0{password}".encode())
                else:
                    client.login(user, password)
            except RefusedLoginError as error:
                # The library calls a connection that was cut a refused log-in, too.
                if isinstance(error.__context__, IMAPClientAbortError):
                    raise error.__context__ from error
                raise login_error(str(error), self._settings, where) from None
            except UnicodeEncodeError:
                raise ConfigError(f"{self._settings.server} takes only ASCII in passwords; change it.") from None

    def select(self, mailbox: str, *, is_read_only: bool) -> None:
        """Open a mailbox; read-only by EXAMINE if asked for or if the server gives no more."""
        with self._asking(f"Mailbox {mailbox}", self._settings.message_seconds) as client:
            self.stays = "after_fetch is 'leave'" if is_read_only else ""
            try:
                answer = client.select_folder(mailbox, readonly=is_read_only)
            except IMAPClientReadOnlyError:
                self.stays = "the server gives this account no right to change the mailbox"
                answer = client.select_folder(mailbox, readonly=True)
            self.place = Place(mailbox, int(answer.get(b"UIDVALIDITY", 0)))
            self._messages = int(answer[b"EXISTS"])
            if not self.stays and not {b"MOVE", b"UIDPLUS"}.intersection(client.capabilities()):
                self.stays = "the server has neither MOVE nor UIDPLUS"

    def folders(self) -> list[str]:
        """The names of all mailboxes of the account."""
        with self._asking("List of mailboxes", self._settings.message_seconds) as client:
            return sorted(str(name) for _flags, _delimiter, name in client.list_folders())

    def uids(self) -> frozenset[int]:
        """The UIDs of all mails in the mailbox just selected; those that come later are for the next run."""
        found: set[int] = set()
        with self._asking(f"Mailbox {self.place.name}", self._settings.message_seconds) as client:
            for start in range(1, self._messages + 1, _SEARCH_WINDOW):
                end = start + _SEARCH_WINDOW - 1
                found.update(client.search([f"{start}:{end}" if end < self._messages else f"{start}:*"]))
        return frozenset(found)

    def fetch(self, uid: int, offset: int, budget: Budget) -> Piece | None:
        """Fetch a piece of a mail without marking it as read; None if there is no such mail any more.

        Raises:
            TemporaryError: if the connection breaks, the time is up, or there is no body where one must be.
        """
        subject = f"Mail {uid} of {self.place.name}"
        query = ["INTERNALDATE", "RFC822.SIZE", f"BODY.PEEK[]<{offset}.{PIECE}>"]
        started = time.monotonic()
        try:
            with self._asking(subject, budget.left) as client:
                answer = client.fetch([uid], query).get(uid)
        finally:
            budget.left -= time.monotonic() - started
        return None if answer is None else _piece(answer, offset, subject)

    def move(self, uids: list[int]) -> None:
        """Move mails of the selected mailbox to where processed ones go; missing UIDs are passed over in silence.

        Raises:
            ConfigError: if the account lacks the right.
            TemporaryError: if the server refuses for another reason or breaks off.
        """
        target = self._settings.moved_to
        try:
            with self._asking(f"Move to {target}", self._settings.message_seconds) as client:
                self._make(client)
                if client.has_capability("MOVE"):
                    client.move(uids, self._target)
                else:
                    client.copy(uids, self._target)
                    client.add_flags(uids, [DELETED], silent=True)
                    client.uid_expunge(uids)
        except RefusedError as error:
            self.stays = error.answer
            kind = ConfigError if response_code(self.stays) in {"NOPERM", "CANNOT"} else TemporaryError
            raise kind(
                f"Mails of {self.place.name} are accepted but cannot be moved to {target} ({error.answer}). "
                f'Mend that on the server, or set after_fetch = "leave".'
            ) from error

    def _make(self, client: Any) -> None:
        """Find the mailbox for processed mails, or make it, below the prefix that the server wants (RFC 2342)."""
        if self._target:
            return
        personal = client.namespace().personal if client.has_capability("NAMESPACE") else None
        prefix = str(personal[0][0]) if personal else ""
        target = self._settings.moved_to
        target = target if target.startswith(prefix) else prefix + target
        if not client.folder_exists(target):
            try:
                client.create_folder(target)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                if response_code(str(error)) != "ALREADYEXISTS":
                    raise
            with contextlib.suppress(IMAPClientError):
                client.subscribe_folder(target)
        self._target = target

    def close(self) -> None:
        """Log out if the server still listens."""
        if self.is_broken:
            with contextlib.suppress(OSError):
                self._client.shutdown()
            return
        with contextlib.suppress(PosteingangError, RefusedError), self._asking("Log-out", 5) as client:
            client.logout()
        # After a log-out that failed the socket is still open.
        with contextlib.suppress(OSError):
            self._client.shutdown()


def _piece(answer: dict[bytes, Any], offset: int, subject: str) -> Piece:
    """Read the answer to a partial FETCH.

    Raises:
        TemporaryError: if there is no content where the mail is not over yet: an empty mail does not exist.
    """
    key = next((key for key in answer if key.startswith(b"BODY[]")), b"")
    content = answer.get(key)
    size = answer.get(b"RFC822.SIZE")
    size = size if isinstance(size, int) else 0
    if content is None and offset >= size > 0:
        content = b""
    if not isinstance(content, bytes) or not (content or offset):
        raise TemporaryError(f"{subject} came without content; the next run tries again.")
    if key not in {b"BODY[]", b"BODY[]<%d>" % offset}:
        raise TemporaryError(f"{subject}: the server sent another piece than asked for; the next run tries again.")
    received_at = answer.get(b"INTERNALDATE")
    return Piece(
        content,
        is_whole=key == b"BODY[]",
        size=size,
        received_at=received_at.astimezone(dt.UTC) if isinstance(received_at, dt.datetime) else None,
    )
