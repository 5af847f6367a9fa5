"""How the operator shows its own Prometheus who it is, and how it knows that Prometheus: from files, read anew.

The files are mounted from Secrets, so they change while the operator runs. Tokens and passwords are read for every
question; keys and certificates whenever one of their files has changed. What cannot be read is an outage that names
the file, and no question is asked without the credentials it should have had.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gracefulservice.metrics.prometheus import Outage

ATTEMPTS = 3
"""A Secret that changes while its files are read is read once more."""
AUTH, TLS = "prometheus.auth in the operator's chart", "prometheus.tls in the operator's chart"


class Unshown(Outage):
    """The operator cannot show what it should, so nothing is asked."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where everything lies; None for what there is not.

    Bearer or basic, never both; user name and password, certificate and key only together.
    """

    bearer_token: Path | None = None
    username: Path | None = None
    password: Path | None = None
    ca: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None

    @property
    def tls(self) -> tuple[Path, ...]:
        """Those that a TLS context is made of."""
        return tuple(path for path in (self.ca, self.client_certificate, self.client_key) if path)

    @property
    def identify(self) -> bool:
        """Whether they say who the operator is."""
        return bool(self.bearer_token or self.username or self.client_certificate)


NOTHING = Files()

Seal = tuple[tuple[int, int, int], ...]
"""What tells a file from the one that replaces it: time of change (ns), inode, bytes."""


@dataclass
class Credentials:
    """What a question to the operator's own Prometheus is sent with. Every method raises Unshown."""

    files: Files
    _context: tuple[Seal, ssl.SSLContext] | None = None

    def headers(self) -> dict[str, str]:
        """The Authorization header as of now, if there is one."""
        files = self.files
        if files.bearer_token:
            return {"Authorization": f"Bearer {_word(files.bearer_token, 'bearer token')}"}
        if files.username and files.password:
            user, password = _line(files.username, "user name"), _line(files.password, "password")
            if ":" in user:
                raise Unshown(f"The user name for Prometheus in {files.username} has a colon. Look at {AUTH}.")
            return {"Authorization": aiohttp.encode_basic_auth(user, password)}
        return {}

    def tls(self) -> ssl.SSLContext | bool:
        """The authorities and the client certificate as of now; True for those of the system, and none."""
        if not self.files.tls:
            return True
        for _ in range(ATTEMPTS):
            before = self._seal()
            if self._context and self._context[0] == before:
                break
            try:
                made = self._made()
            except Unshown:
                if self._seal() == before:
                    raise
                continue
            if self._seal() == before:
                self._context = (before, made)
        if self._context is None:
            raise Unshown(f"The keys for Prometheus change faster than they can be read. Look at {TLS}.")
        return self._context[1]

    def _seal(self) -> Seal:
        try:
            found = [path.stat() for path in self.files.tls]
        except OSError as error:
            raise Unshown(_unreadable("keys and certificates", error.filename, error.strerror, TLS)) from error
        return tuple((one.st_mtime_ns, one.st_ino, one.st_size) for one in found)

    def _made(self) -> ssl.SSLContext:
        """A context of the files as they are now. A key with a passphrase is refused: nobody is there to type it."""
        context = _trusting(self.files.ca)
        certificate, key = self.files.client_certificate, self.files.client_key
        if certificate and key:
            try:
                context.load_cert_chain(certificate, key, password=lambda: "")
            except (OSError, ValueError) as error:
                why = _unreadable("client certificate and key", f"{certificate} and {key}", _reason(error), TLS)
                raise Unshown(why) from error
        return context


def _trusting(ca: Path | None) -> ssl.SSLContext:
    """A context that trusts the authorities in `ca` alone, or those of the system."""
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ValueError) as error:
        raise Unshown(_unreadable("certificate authorities", ca, _reason(error), TLS)) from error


def _reason(error: Exception) -> str:
    """Why, without numbers of errors: `KEY_VALUES_MISMATCH`, `No such file or directory`."""
    if isinstance(error, ssl.SSLError):
        return error.reason or "it is no PEM without a passphrase"
    return getattr(error, "strerror", None) or str(error)


def _word(path: Path, what: str) -> str:
    """A line without spaces, of characters that a header may have."""
    word = _line(path, what)
    if not word.isascii() or any(letter.isspace() for letter in word):
        raise Unshown(_unreadable(what, path, "it is not one word of plain letters, digits and signs", AUTH))
    return word


def _line(path: Path, what: str) -> str:
    """The only line of a file, without the space around it. Its text is never a part of a sentence."""
    try:
        line = path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise Unshown(_unreadable(what, path, "it is not UTF-8", AUTH)) from None
    except OSError as error:
        raise Unshown(_unreadable(what, path, error.strerror, AUTH)) from error
    if not line or not line.isprintable():
        raise Unshown(_unreadable(what, path, "it is not one line of text" if line else "it is empty", AUTH))
    return line


def _unreadable(what: str, where: object, why: str | None, setting: str) -> str:
    return f"The operator cannot read its {what} for Prometheus from {where} ({why}). Look at {setting}."
