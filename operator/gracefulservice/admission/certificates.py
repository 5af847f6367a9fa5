"""The keys of the webhook's server, and what becomes of them as time passes. Pure but for the drawing of keys.

An authority of our own signs the server's certificate. The API server trusts every authority in the webhook's
configuration, and each stays there until it ends. A new one signs nothing before it is trusted, and nothing
it signed outlives it; so at no time is any certificate served that is not trusted, however old it is:

    authority   ├──────────── trusted: a year ───────────┤
                                          ├─ trusted ─┬── signs ─────────── …
                                    new at 2/3    trusted for a while
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = 86_400.0
AUTHORITY_LIFE, SERVING_LIFE = 360 * DAY, 90 * DAY
"""Seconds. A third of an authority's life is longer than what it signed lasts."""
SPENT = 2 / 3
"""The part of its life after which a certificate gets a successor."""
SETTLED = 600.0
"""Seconds for which a new authority is trusted by nobody's certificate yet: every API server has heard of it."""
CLOCKS = 300.0
"""Seconds by which clocks may differ."""

MOST_OLDER = 8
"""Authorities besides the newest. Time alone makes one; each loss of the keys makes one more."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """As files have it."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """As files have it, unencrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True)
class Keys:
    """The newest authority, older ones that are trusted still, and what the server serves."""

    authority: Pair
    older: tuple[x509.Certificate, ...]
    serving: Pair

    @property
    def trusted(self) -> tuple[x509.Certificate, ...]:
        """Every authority, newest first."""
        return (self.authority.certificate, *self.older)

    @property
    def bundle(self) -> bytes:
        """Every authority, as the API server reads them."""
        return b"".join(one.public_bytes(Encoding.PEM) for one in self.trusted)

    @property
    def data(self) -> dict[str, bytes]:
        """As a Secret holds them."""
        return {
            "ca.crt": self.bundle,
            "ca.key": self.authority.key_pem,
            "tls.crt": self.serving.certificate_pem,
            "tls.key": self.serving.key_pem,
        }


def read(data: dict[str, bytes]) -> Keys | None:
    """The keys in a Secret; None where there are none, or none that can be used: then new ones are due."""
    try:
        newest, *older = authorities(data["ca.crt"])
        serving = x509.load_pem_x509_certificate(data["tls.crt"])
        found = Keys(_pair(newest, data["ca.key"]), tuple(older), _pair(serving, data["tls.key"]))
    except (KeyError, ValueError, TypeError):
        return None
    return found if any(_signed(serving, one) for one in found.trusted) else None


def authorities(bundle: bytes) -> list[x509.Certificate]:
    """The certificates in a bundle. Raises `ValueError` where there are none, or one that cannot be read."""
    return x509.load_pem_x509_certificates(bundle)


def trusted_by(bundle: bytes) -> tuple[x509.Certificate, ...]:
    """What an API server trusts that was given this bundle, which may be empty or spoilt."""
    try:
        return tuple(authorities(bundle))
    except ValueError:
        return ()


def renewed(keys: Keys | None, host: str, trusted: Sequence[x509.Certificate], now: float) -> Keys:
    """The keys after all that is due at the unix second `now`; the same where nothing is.

    `host` is the name that the API server calls, `trusted` what it trusts as far as was seen.
    """
    if keys is None:
        authority = new_authority(now)
        return Keys(authority, _lasting_still(trusted, now), new_serving(authority, host, now))
    if _spent(keys.authority.certificate, now):
        keys = Keys(new_authority(now), keys.trusted, keys.serving)
    keys = replace(keys, older=_lasting_still(keys.older, now))
    useless = not _valid(keys.serving.certificate, now)
    if useless or (_due(keys, host, now) and _settled(keys.authority.certificate, trusted, now)):
        keys = replace(keys, serving=new_serving(keys.authority, host, now))
    return keys


def _lasting_still(certificates: Iterable[x509.Certificate], now: float) -> tuple[x509.Certificate, ...]:
    """Those that replicas may still serve something of."""
    return tuple(one for one in certificates if _valid(one, now))[:MOST_OLDER]


def _due(keys: Keys, host: str, now: float) -> bool:
    """Whether another certificate should be served."""
    serving = keys.serving.certificate
    signed = _signed(serving, keys.authority.certificate)
    return not signed or _hosts(serving) != [host] or _spent(serving, now)


def _settled(authority: x509.Certificate, trusted: Iterable[x509.Certificate], now: float) -> bool:
    """Whether the API server trusts it, and has for a while."""
    return authority in trusted and now >= _begin(authority) + CLOCKS + SETTLED


def new_authority(now: float) -> Pair:
    """An authority that lasts from now on."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = _usage(signs=True)
    builder = _builder(key, "gracefulservice webhook authority", _name("gracefulservice webhook authority"))
    builder = _lasting(builder, now, now + AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return Pair(builder.add_extension(usage, critical=True).sign(key, SHA256()), key)


def new_serving(authority: Pair, host: str, now: float) -> Pair:
    """A certificate for the server at `host`, which ends with its authority at the latest."""
    key = ec.generate_private_key(ec.SECP256R1())
    ends = min(now + SERVING_LIFE, _end(authority.certificate))
    builder = _lasting(_builder(key, "gracefulservice webhook", authority.certificate.subject), now, ends)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName([x509.DNSName(host)]), False),
        (identifier, False),
    ):
        builder = builder.add_extension(extension, critical=critical)
    return Pair(builder.sign(authority.key, SHA256()), key)


def seconds_left(keys: Keys, now: float) -> float:
    """For how long what is served is still valid."""
    return _end(keys.serving.certificate) - now


def _builder(key: ec.EllipticCurvePrivateKey, name: str, issuer: x509.Name) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(identifier, critical=False)
    )


def _lasting(builder: x509.CertificateBuilder, begin: float, end: float) -> x509.CertificateBuilder:
    """Valid a little earlier, for clocks that are late."""
    return builder.not_valid_before(_date(begin - CLOCKS)).not_valid_after(_date(end))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    """Of an authority: to sign certificates; of a server: to sign handshakes."""
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _pair(certificate: x509.Certificate, pem: bytes) -> Pair:
    """A certificate with its key. Raises `ValueError` where the two do not belong together."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ValueError("the key is that of another certificate")
    return Pair(certificate, key)


def _signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether that authority signed it."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _hosts(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.DNSName)


def _spent(certificate: x509.Certificate, now: float) -> bool:
    begin, end = _begin(certificate), _end(certificate)
    return now >= begin + SPENT * (end - begin)


def _valid(certificate: x509.Certificate, now: float) -> bool:
    return _begin(certificate) <= now < _end(certificate)


def _begin(certificate: x509.Certificate) -> float:
    return certificate.not_valid_before_utc.timestamp()


def _end(certificate: x509.Certificate) -> float:
    return certificate.not_valid_after_utc.timestamp()


def _date(second: float) -> datetime:
    return datetime.fromtimestamp(int(second), UTC)
