"""What an IMAP source can be told, and what is said when TLS or the log-in fails. Opens no connection."""

import ipaddress
import re
import socket
import ssl
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from models.errors import ConfigError, LoginError, PosteingangError, TemporaryError
from models.secret import PasswordSettings

Seconds = Annotated[float, Field(gt=0)]


class ImapSettings(PasswordSettings):
    """The keys of a source with ``kind = "imap"``."""

    host: Annotated[str, Field(min_length=1)]
    user: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """0 for the usual one: 993 with TLS, else 143."""
    allow_plaintext: bool = False
    """Password and mail may cross the network for all to read."""
    security: Literal["tls", "starttls", "none"] = "tls"
    """RFC 8314: TLS from the first byte, or after STARTTLS. Certificates are always verified."""
    ca_file: str = ""
    """Certificates (PEM) to trust instead of the system's, for a server with one of its own house."""
    mailbox: str = ""
    mailboxes: tuple[str, ...] = ()
    """Several instead of one; neither means INBOX."""
    after_fetch: Literal["move", "leave"] = "move"
    """``leave`` opens the mailboxes with EXAMINE: nothing whatever is changed on the server."""
    moved_to: Annotated[str, Field(min_length=1, validate_default=True)] = "Verarbeitet"
    connect_seconds: Seconds = 15
    read_seconds: Seconds = 60
    """Longest silence of the server."""
    message_seconds: Seconds = 600
    """Longest time for one mail, however it trickles in."""

    @field_validator("security")
    @classmethod
    def _plaintext_stays_at_home(cls, security: str, info: ValidationInfo) -> str:
        host = info.data.get("host", "")
        if security == "none" and not (info.data.get("allow_plaintext") or _is_loopback(host)):
            raise ValueError(
                f"would send password and mail to {host} in plain text; use 'tls' or 'starttls', or set "
                f"allow_plaintext = true if that network is safe"
            )
        return security

    @field_validator("mailboxes")
    @classmethod
    def _mailboxes_are_given_once(cls, mailboxes: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if mailboxes and info.data.get("mailbox"):
            raise ValueError("stands beside 'mailbox'; give one of the two")
        if len({_folded(name) for name in mailboxes}) < len(mailboxes):
            raise ValueError("names a mailbox twice")
        return mailboxes

    @field_validator("moved_to")
    @classmethod
    def _moved_to_is_not_read(cls, moved_to: str, info: ValidationInfo) -> str:
        read = info.data.get("mailboxes") or (info.data.get("mailbox") or "INBOX",)
        if info.data.get("after_fetch") == "move" and _folded(moved_to) in {_folded(name) for name in read}:
            raise ValueError("is itself one of the mailboxes that are read; name another one")
        return moved_to

    @property
    def server(self) -> str:
        """Host and port, as people write them."""
        return f"{self.host}:{self.port or (993 if self.security == 'tls' else 143)}"

    @property
    def server_port(self) -> int:
        """The port to connect to."""
        return int(self.server.rpartition(":")[2])

    @property
    def names(self) -> tuple[str, ...]:
        """The mailboxes to read."""
        return self.mailboxes or (self.mailbox or "INBOX",)


def tls_context(settings: ImapSettings, where: str) -> ssl.SSLContext:
    """TLS that verifies certificate and host name.

    Raises:
        ConfigError: if ``ca_file`` cannot be read or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:  # SSLError is one too
        raise ConfigError(
            f"'{where}.ca_file': {settings.ca_file} cannot be used ({error.strerror or error}); it must hold "
            f"certificates in PEM form."
        ) from None


_UNTRUSTED = frozenset({2, 18, 19, 20, 21})
"""X509_V_ERR_ codes of OpenSSL: issuer unknown, self-signed, chain incomplete."""
_WRONG_HOST = frozenset({62, 64})


def connection_error(error: Exception, settings: ImapSettings, where: str) -> PosteingangError:
    """The error to raise for what the operating system or OpenSSL said while a connection was being opened."""
    server = settings.server
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConfigError(f"{server} was not trusted: {_certificate_advice(error, settings, where)}")
    if isinstance(error, ssl.SSLError) and error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}:
        return ConfigError(
            f"{server} does not speak TLS on this port; set '{where}.security' to 'starttls', or another port."
        )
    if isinstance(error, socket.gaierror | UnicodeError):
        return TemporaryError(f"The name {settings.host} cannot be resolved; check '{where}.host' and the DNS.")
    if isinstance(error, TimeoutError):
        return TemporaryError(f"{server} did not answer within {settings.connect_seconds:g} s.")
    return TemporaryError(f"{server} cannot be reached: {getattr(error, 'strerror', None) or error}.")


def _certificate_advice(error: ssl.SSLCertVerificationError, settings: ImapSettings, where: str) -> str:
    if error.verify_code == 10:
        return "its certificate has expired. Whoever runs the server must renew it."
    if error.verify_code == 9:
        return "its certificate is not valid yet. Check the clock of this machine."
    if error.verify_code in _WRONG_HOST:
        return f"its certificate is for another name than {settings.host}. Set '{where}.host' to the name it is for."
    if error.verify_code in _UNTRUSTED:
        return (
            f"nobody we trust has signed its certificate. If it is your own house's, name its issuer's certificate in "
            f"'{where}.ca_file'."
        )
    return f"{error.verify_message}."


_CODE = re.compile(r"\[([A-Z-]+)")
_TEMPORARY_CODES = frozenset({"LIMIT", "UNAVAILABLE", "INUSE", "SERVERBUG", "THROTTLED"})
_TEMPORARY_WORDS = ("too many simultaneous", "try again", "temporar", "throttled")


def response_code(text: str) -> str:
    """The response code (RFC 5530) of a NO, such as ``LIMIT``; empty if there is none.

    >>> response_code("login failed: [LIMIT] Too many connections")
    'LIMIT'
    """
    found = _CODE.search(text)
    return found[1] if found else ""


def is_temporary(text: str) -> bool:
    """Whether a NO of the server only means: not now."""
    return response_code(text) in _TEMPORARY_CODES or any(word in text.lower() for word in _TEMPORARY_WORDS)


def login_error(text: str, settings: ImapSettings, where: str) -> PosteingangError:
    """The error to raise for a server's NO to the log-in."""
    if is_temporary(text):
        return TemporaryError(f"{settings.server} does not let '{settings.user}' in just now: {text}.")
    if response_code(text) == "PRIVACYREQUIRED" or "plaintext authentication disallowed" in text.lower():
        return ConfigError(
            f"{settings.server} takes no password without encryption; set '{where}.security' to 'tls' or 'starttls'."
        )
    return LoginError(
        f"{settings.server} refuses user '{settings.user}' or the password ({text}). Correct '{where}.user' or its "
        f"password; until then no mail comes in."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _folded(mailbox: str) -> str:
    """INBOX is the one name whose case does not count (RFC 3501, 5.1)."""
    return "INBOX" if mailbox.upper() == "INBOX" else mailbox
