"""Secrets come from a command, a file or the environment, never from the configuration itself."""

import shlex
import subprocess
from pathlib import Path

from models.config import Frozen, environment
from models.errors import ConfigError


class PasswordSettings(Frozen):
    """The three ways to a password; exactly one is to be given."""

    password_command: str = ""
    """Run without a shell; the first line it prints is the password."""
    password_file: str = ""
    """Its first line is the password; only its owner may read it."""
    password_env: str = ""
    """Name of an environment variable."""

    def password(self, where: str) -> str:
        """Fetch the password now.

        Args:
            where: the table of the configuration, for the error.

        Raises:
            ConfigError: if no way or more than one is given, or the given one yields nothing.
        """
        ways = [way for way in (self.password_command, self.password_file, self.password_env) if way]
        if len(ways) != 1:
            raise ConfigError(
                f"'{where}' needs exactly one of password_command, password_file and password_env; it has {len(ways)}."
            )
        if self.password_command:
            return _from_command(self.password_command, where)
        if self.password_file:
            return _from_file(Path(self.password_file), where)
        value = environment(self.password_env)
        if not value:
            raise ConfigError(f"'{where}.password_env': the environment variable {self.password_env} is not set.")
        return value


def _from_command(command: str, where: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            shlex.split(command),
            stdout=subprocess.PIPE,
            timeout=30,
            check=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        # The error's own text could repeat the arguments, and with them a secret.
        raise ConfigError(
            f"'{where}.password_command' failed ({type(error).__name__}); try it in a terminal."
        ) from None
    return _first_line(done.stdout, f"'{where}.password_command' printed nothing.")


def _from_file(path: Path, where: str) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"'{where}.password_file': {path} cannot be read ({type(error).__name__}).") from None
    if mode & 0o077:
        raise ConfigError(f"'{where}.password_file': others can read {path}; 'chmod 600 {path}' mends it.")
    return _first_line(text, f"'{where}.password_file': {path} is empty.")


def _first_line(text: str, complaint: str) -> str:
    line = text.split("\n", 1)[0].rstrip("\r")
    if not line:
        raise ConfigError(complaint)
    return line
