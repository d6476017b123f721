"""Everything that can go wrong, each with its exit code and the way out.

Exit codes follow BSD ``sysexits.h``: 65 something was set aside, 66 no such thing, 70 a bug, 75 try again later,
77 login refused, 78 configuration.
"""

import os


class PosteingangError(Exception):
    """Base of all errors that are told to a person: one sentence that names the thing and the way out."""

    exit_code: int = os.EX_SOFTWARE


class ConfigError(PosteingangError):
    """The configuration is wrong: an unknown key, an impossible value, a missing secret."""

    exit_code = os.EX_CONFIG


class LoginError(PosteingangError):
    """A server refused user name or password. Trying again will not help."""

    exit_code = os.EX_NOPERM


class TemporaryError(PosteingangError):
    """A server, a disk or a lock is not to be had just now. The next run tries again."""

    exit_code = os.EX_TEMPFAIL


class AnotherRunError(TemporaryError):
    """Another process holds the lock of this source."""


class IncompleteError(PosteingangError):
    """The reconciliation found a gap: something that was seen is neither filed, set aside nor ignored."""


class NotFoundError(PosteingangError):
    """Nothing has the number or name that was asked for."""

    exit_code = os.EX_NOINPUT


class RefusedError(PosteingangError):
    """What was asked for is not allowed here; the message says what is."""

    exit_code = os.EX_USAGE


class ItemError(PosteingangError):
    """This one item cannot be understood. It is set aside with its reason; the others go on."""

    exit_code = os.EX_DATAERR

    def __init__(self, reason: str, message: str, *, detail: str = "") -> None:
        """Keep a reason that programs can group by.

        Args:
            reason: a slug: ``encrypted``, ``empty``, ``damaged``, ``too_large``, ``timeout``, ``memory``, ``crashed``,
                ``unsupported`` or ``bug``.
            message: one sentence for the agent.
            detail: a traceback or an engine's last words, for the administrator.
        """
        super().__init__(message)
        self.reason = reason
        self.detail = detail
