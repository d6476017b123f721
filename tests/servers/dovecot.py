"""A real Dovecot 2.3 in a scratch folder, without root rights: starts in a tenth of a second, leaves nothing behind."""

import contextlib
import grp
import imaplib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.servers.certificates import certificates

PROGRAM = Path("/usr/sbin/dovecot")
USERS = {"demo": "demo", "eingang": "geheim"}

_CONFIGURATION = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 0
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{base}/cert.pem
ssl_key = <{base}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
imap_capability = {capability}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {base}/passwd
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={base}/mail/%u allow_all_users=yes
}}
mail_location = maildir:~/Maildir
mail_plugins = acl quota
mail_fsync = never
protocol imap {{
  mail_plugins = $mail_plugins imap_acl imap_quota
  mail_max_userip_connections = {connections}
}}
plugin {{
  acl = vfile:{base}/dovecot-acl
  quota = maildir:User quota
  quota_rule = *:storage={quota}
}}
namespace inbox {{
  inbox = yes
  separator = /
  prefix = {prefix}
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


class Dovecot:
    """One server for as long as the context lasts.

    Args:
        users: passwords by login.
        quota: of each user, such as ``"10K"``; 0 for none.
        connections: how many one user may have at once.
        certificate: ``good``, ``expired`` or ``wrong_host``.
        capability: the whole CAPABILITY after log-in, or empty for Dovecot's own.
        prefix: of the personal namespace, such as ``"INBOX/"``.
    """

    def __init__(
        self,
        *,
        users: Mapping[str, str] = USERS,
        quota: str = "0",
        connections: int = 20,
        certificate: str = "good",
        capability: str = "",
        prefix: str = "",
    ) -> None:
        if not PROGRAM.exists():
            pytest.skip("needs dovecot (Debian: dovecot-imapd)")
        self.users = users
        self._certificate = certificate
        self._values = {"quota": quota, "connections": connections, "capability": capability, "prefix": prefix}

    def __enter__(self) -> Self:
        self.base = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.base.chmod(0o755)
        owner = pwd.getpwuid(os.geteuid())
        self._as: dict[str, Any] = {}
        if owner.pw_uid == 0:
            owner = pwd.getpwnam("nobody")
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self.port, self.tls_port = _free_ports(2)
        self._write_files(owner)
        with (self.base / "out").open("wb") as out:
            self._process = subprocess.Popen(
                [PROGRAM, "-F", "-c", self.base / "dovecot.conf"], stdout=out, stderr=out, **self._as
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # An orderly stop takes Dovecot up to six seconds, and nothing of it is kept.
        children = self._children()
        self._process.kill()
        for process in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait(10)
        shutil.rmtree(self.base, ignore_errors=True)

    @property
    def authority(self) -> Path:
        """The certificate to trust."""
        return self.base / "authority.pem"

    def deliver(self, *contents: bytes, mailbox: str = "INBOX", user: str = "demo", date: str | None = None) -> None:
        """Put mails into a mailbox, which is made if it is missing.

        Args:
            contents: with CRLF; what comes out again is the same to the byte.
            mailbox: in modified UTF-7.
            user: whose.
            date: INTERNALDATE with its quotes, such as ``'"12-Jan-2026 09:30:00 +0100"'``; now if it is None.
        """
        with self.client(user) as client:
            if mailbox != "INBOX":
                client.create(mailbox)
            for content in contents:
                status, answer = client.append(mailbox, "", date, content)
                assert status == "OK", answer

    @contextlib.contextmanager
    def client(self, user: str = "demo") -> Iterator[imaplib.IMAP4]:
        """A connection of somebody else, such as the secretary's mail program."""
        client = imaplib.IMAP4("127.0.0.1", self.port)
        try:
            client.login(user, self.users[user])
            yield client
        finally:
            client.logout()

    def mails(self, mailbox: str = "INBOX", *, user: str = "demo") -> list[tuple[bytes, frozenset[str]]]:
        """Content and flags (without ``\\Recent``) of every mail; empty if there is no such mailbox."""
        with self.client(user) as client:
            if client.select(mailbox, readonly=True)[0] != "OK":
                return []
            found = []
            for number in client.search(None, "ALL")[1][0].split():
                flags = imaplib.ParseFlags(client.fetch(number, "(FLAGS)")[1][0])  # type: ignore[arg-type]
                content = client.fetch(number, "(BODY.PEEK[])")[1][0][1]  # type: ignore[index]
                found.append((content, frozenset(flag.decode() for flag in flags) - {"\\Recent"}))
        return found  # type: ignore[return-value]

    def set_uid_validity(self, value: int, *, mailbox: str = "INBOX", user: str = "demo") -> None:
        """Give a mailbox a new life, as a restored backup does."""
        self.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(value), mailbox)

    def set_read_only(self, mailbox: str) -> None:
        """Take from everybody, owner included, the right to change a mailbox."""
        with (self.base / "dovecot-acl").open("a") as file:
            file.write(f"{mailbox} owner lr\n{mailbox} anyone lr\n")

    def set_rights(self, mailbox: str, rights: str) -> None:
        """Give the owner just these rights (RFC 4314)."""
        with (self.base / "dovecot-acl").open("a") as file:
            file.write(f"{mailbox} owner {rights}\n")

    def kill_workers(self) -> int:
        """Kill the processes that serve mailboxes, as the kernel does when memory runs out."""
        killed = 0
        for process in self._children():
            with contextlib.suppress(OSError):
                if Path(f"/proc/{process}/comm").read_text().strip() == "imap":
                    os.kill(process, signal.SIGKILL)
                    killed += 1
        return killed

    def doveadm(self, *arguments: str) -> str:
        """Run Dovecot's own tool."""
        done: subprocess.CompletedProcess[str] = subprocess.run(
            ["doveadm", "-c", self.base / "dovecot.conf", *arguments],
            check=True,
            capture_output=True,
            text=True,
            **self._as,
        )
        return done.stdout

    def log(self) -> str:
        """What Dovecot wrote so far."""
        return (self.base / "dovecot.log").read_text()

    def _write_files(self, owner: pwd.struct_passwd) -> None:
        made = certificates()
        for folder in ("run", "state", "mail"):
            (self.base / folder).mkdir()
        (self.base / "authority.pem").write_bytes(made.authority)
        (self.base / "cert.pem").write_bytes(getattr(made, self._certificate))
        (self.base / "key.pem").write_bytes(made.key)
        (self.base / "passwd").write_text("".join(f"{user}:{{PLAIN}}{word}\n" for user, word in self.users.items()))
        (self.base / "dovecot-acl").write_text("")
        text = _CONFIGURATION.format(
            base=self.base,
            user=owner.pw_name,
            group=grp.getgrgid(owner.pw_gid).gr_name,
            port=self.port,
            tls_port=self.tls_port,
            **self._values,
        )
        (self.base / "dovecot.conf").write_text(text)
        if self._as:
            for path in (self.base, *self.base.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)

    def _wait(self) -> None:
        deadline = time.monotonic() + 15
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    if connection.recv(1):
                        return
            except OSError:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = self.base / "dovecot.log"
                said = (self.base / "out").read_text() + (log.read_text() if log.exists() else "")
                raise RuntimeError(f"Dovecot does not greet (exit code {self._process.poll()}): {said}")
            time.sleep(0.01)

    def _children(self) -> list[int]:
        try:
            return [
                int(word)
                for word in Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
            ]
        except OSError:
            return []


def _free_ports(count: int) -> list[int]:
    """Ports below those that the kernel gives to clients: a client that polls one of its own may talk to itself."""
    ports: list[int] = []
    while len(ports) < count:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports.append(port)
    return ports
