"""An authority of the test's own, a Prometheus that speaks HTTPS with its certificates, and Secrets that rotate."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

ANSWER = (Path(__file__).parent / "answers" / "requests.json").read_bytes()
DAY = timedelta(days=1)


class Authority:
    """Signs certificates for the host 127.0.0.1 and for whoever else is named."""

    def __init__(self, name: str = "authority") -> None:
        self._name, self._key = _named(name), ec.generate_private_key(ec.SECP256R1())
        identity = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        built = (
            _begun(self._name, self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(identity, critical=False)
        )
        self.pem = built.sign(self._key, SHA256()).public_bytes(Encoding.PEM)

    def pair(self, name: str, address: str = "127.0.0.1", lock: str = "") -> tuple[bytes, bytes]:
        """A certificate and its key, as files have them; `lock` is the key's passphrase."""
        key = ec.generate_private_key(ec.SECP256R1())
        theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        built = (
            _begun(_named(name), self._name, key)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(theirs, critical=False)
        )
        certificate = built.sign(self._key, SHA256()).public_bytes(Encoding.PEM)
        locked: KeySerializationEncryption = BestAvailableEncryption(lock.encode()) if lock else NoEncryption()
        return certificate, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), now - DAY, now + DAY)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(not signs, False, False, False, False, signs, signs, False, False)


@dataclass
class Mounted:
    """A Secret as the kubelet mounts it: files are links into a directory that is exchanged as a whole."""

    root: Path
    _generation: int = 0

    def put(self, files: Mapping[str, str | bytes]) -> None:
        """Exchange the whole Secret."""
        self._generation += 1
        data = self.root / f"..{self._generation}"
        data.mkdir(parents=True)
        for name, text in files.items():
            path = data / name
            path.write_bytes(text.encode() if isinstance(text, str) else text)
            link = self.root / path.name
            if not link.is_symlink():
                link.symlink_to(Path("..data") / path.name)
        fresh = self.root / "..data_tmp"
        fresh.symlink_to(data.name)
        fresh.rename(self.root / "..data")

    def __truediv__(self, name: str) -> Path:
        return self.root / name


@dataclass
class Seen:
    """What a server saw of those who asked, question by question."""

    authorization: list[str | None] = field(default_factory=list)
    cookies: list[dict[str, str]] = field(default_factory=list)
    certificates: list[str | None] = field(default_factory=list)
    """The common name of each client certificate, None without one."""

    @property
    def questions(self) -> int:
        """How many there were."""
        return len(self.authorization)

    def note(self, request: web.Request) -> None:
        """Remember a question."""
        self.authorization.append(request.headers.get("Authorization"))
        self.cookies.append(dict(request.cookies))
        assert request.transport is not None
        shown = request.transport.get_extra_info("peercert")
        names = [value for part in (shown or {}).get("subject", ()) for _, value in part]
        self.certificates.append(names[0] if names else None)


@asynccontextmanager
async def watched(
    tls: ssl.SSLContext | None = None, answer: web.Response | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[str, Seen]]:
    """A Prometheus that remembers who asked, under any path; it gives a captured answer, or a copy of `answer`."""
    seen = Seen()

    async def reply(request: web.Request) -> web.Response:
        seen.note(request)
        if answer is None:
            return web.Response(body=ANSWER)
        return web.Response(status=answer.status, headers=answer.headers.copy(), body=answer.body)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", reply)
    server = TestServer(application, scheme="https" if tls else "http", host=host)
    await server.start_server(ssl=tls)
    try:
        yield str(server.make_url("")).rstrip("/"), seen
    finally:
        await server.close()


def tls_server(
    authority: Authority, at: Path, *, clients: Authority | None = None, must: bool = True
) -> ssl.SSLContext:
    """How a server shows a certificate of the authority, and asks for one of `clients` (`must`: insists on it)."""
    mounted = Mounted(at)
    certificate, key = authority.pair("prometheus")
    mounted.put({"tls.crt": certificate, "tls.key": key})
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(mounted / "tls.crt", mounted / "tls.key")
    if clients:
        context.load_verify_locations(cadata=clients.pem.decode())
        context.verify_mode = ssl.CERT_REQUIRED if must else ssl.CERT_OPTIONAL
    return context
