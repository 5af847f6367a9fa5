"""The keys as time passes: what they are good for, when they are renewed, and what is made of spoilt ones."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gracefulservice.admission import certificates
from gracefulservice.admission.certificates import CLOCKS, DAY, SETTLED, Keys, read, renewed
from tests.admission.store import HOST
from tests.admission.trust import START, accepted


def fresh(now: float = START) -> Keys:
    """Keys of a new release."""
    return renewed(None, HOST, (), now)


def after(keys: Keys, now: float, trusted: tuple[x509.Certificate, ...] | None = None, host: str = HOST) -> Keys:
    """Keys at a later time, when the API server trusts what it was told."""
    return renewed(keys, host, keys.trusted if trusted is None else trusted, now)


def test_new_keys_are_accepted_for_their_host_alone() -> None:
    keys = fresh()
    assert accepted(keys, keys.bundle, START)
    assert accepted(keys, keys.bundle, START - CLOCKS + 1), "a clock that is late"
    assert not accepted(keys, keys.bundle, START, "another.operators.svc")
    assert not accepted(keys, fresh().bundle, START)


def test_an_authority_can_sign_no_other_authority() -> None:
    """Whoever gets hold of what the server holds can pretend to be the server, and nobody else."""
    constraints = fresh().authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)


def test_nothing_outlives_the_authority_that_signed_it() -> None:
    authority = certificates.new_authority(START)
    late = certificates.new_serving(authority, HOST, START + 300 * DAY)
    assert late.certificate.not_valid_after_utc == authority.certificate.not_valid_after_utc


def test_a_secret_gives_back_what_was_put_into_it() -> None:
    keys = fresh()
    found = read(keys.data)
    assert found is not None
    assert found.data == keys.data
    assert (found.trusted, found.serving.certificate) == (keys.trusted, keys.serving.certificate)


def test_nothing_happens_before_it_is_due() -> None:
    keys = fresh()
    assert after(keys, START + 59 * DAY) == keys


def test_the_serving_certificate_is_renewed_a_month_before_its_end() -> None:
    keys = fresh()
    later = after(keys, START + 61 * DAY)
    assert later.authority == keys.authority
    assert later.serving != keys.serving
    assert certificates.seconds_left(keys, START + 61 * DAY) > 28 * DAY
    assert accepted(later, keys.bundle, START + 61 * DAY + 89 * DAY)


def test_a_new_authority_is_trusted_before_it_signs_and_beside_the_old_one() -> None:
    keys = after(fresh(), START + 200 * DAY)
    now = START + 241 * DAY
    added = after(keys, now)
    assert added.authority != keys.authority
    assert added.trusted[1:] == keys.trusted
    assert added.serving == keys.serving
    assert after(added, now + SETTLED - 1) == added, "some API server has not heard of it yet"
    assert after(added, now + 30 * DAY, trusted=keys.trusted) == added, "the API server was never told"
    signed = after(added, now + SETTLED + 1)
    assert signed.serving != keys.serving
    assert accepted(signed, added.authority.certificate_pem, now + SETTLED + 1)


def test_the_old_authority_is_trusted_to_its_end_and_no_longer() -> None:
    keys = after(after(fresh(), START + 241 * DAY), START + 242 * DAY)
    assert len(after(keys, START + 359 * DAY).trusted) == 2
    assert len(after(keys, START + 361 * DAY).trusted) == 1


def test_a_certificate_that_has_ended_is_replaced_at_once() -> None:
    """The operator was away for months: nobody takes what it serves, so there is nothing to wait for."""
    now = START + 250 * DAY
    keys = after(fresh(), now, trusted=())
    assert accepted(keys, keys.bundle, now)


def test_another_host_gets_another_certificate() -> None:
    keys = after(fresh(), START + DAY, host="renamed.operators.svc")
    assert accepted(keys, keys.bundle, START + DAY, "renamed.operators.svc")


def test_lost_keys_leave_the_others_trusted_that_still_serve() -> None:
    """Somebody emptied the Secret: replicas that have not looked yet serve on, and are trusted."""
    keys = fresh()
    new = renewed(None, HOST, keys.trusted, START + DAY)
    assert accepted(new, new.bundle, START + DAY)
    assert accepted(keys, new.bundle, START + DAY)


def test_keys_lost_again_and_again_do_not_pile_up() -> None:
    trusted: tuple[x509.Certificate, ...] = ()
    for hour in range(20):
        trusted = renewed(None, HOST, trusted, START + hour * 3600).trusted
    assert len(trusted) == 1 + certificates.MOST_OLDER


def rsa_key() -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


OTHERS = fresh()
SPOILT: dict[str, dict[str, bytes]] = {
    "no authority": {"ca.crt": b""},
    "no certificate at all": {"tls.crt": b"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n"},
    "not even text": {"tls.key": bytes(range(256))},
    "the key of another authority": {"ca.key": OTHERS.authority.key_pem},
    "the key of another certificate": {"tls.key": OTHERS.serving.key_pem},
    "a key of another kind": {"tls.key": rsa_key()},
    "signed by somebody else": {"tls.crt": OTHERS.serving.certificate_pem, "tls.key": OTHERS.serving.key_pem},
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT.keys())
def test_keys_that_cannot_be_used_are_none(spoilt: dict[str, bytes]) -> None:
    assert read(fresh().data | spoilt) is None


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "tls.crt", "tls.key"])
def test_keys_that_are_not_all_there_are_none(name: str) -> None:
    assert read({kept: value for kept, value in fresh().data.items() if kept != name}) is None


def test_a_spoilt_bundle_trusts_nobody() -> None:
    assert certificates.trusted_by(b"") == certificates.trusted_by(b"spoilt") == ()


def test_a_certificate_for_nobody_is_replaced() -> None:
    keys = fresh()
    bare = certificates._builder(keys.serving.key, "bare", keys.authority.certificate.subject)
    bare = certificates._lasting(bare, START, START + DAY)
    signed = bare.sign(keys.authority.key, SHA256())
    bare_keys = replace(keys, serving=certificates.Pair(signed, keys.serving.key))
    later = START + SETTLED + 1
    assert accepted(after(bare_keys, later), keys.bundle, later)
