"""Whether a client takes what a server serves."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from gracefulservice.admission import certificates
from gracefulservice.admission.certificates import Keys
from tests.admission.store import HOST

START = 1_800_000_000.0


def accepted(keys: Keys, bundle: bytes, now: float, host: str = HOST) -> bool:
    """Whether a client that trusts the bundle takes what is served, as the rules of the web have it."""
    store = Store(certificates.authorities(bundle))
    verifier = PolicyBuilder().store(store).time(datetime.fromtimestamp(now, UTC))
    try:
        verifier.build_server_verifier(x509.DNSName(host)).verify(keys.serving.certificate, [])
    except VerificationError:
        return False
    return True
