"""Several replicas keep the same keys through years of renewals: no certificate is ever served that is not trusted."""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from gracefulservice.admission import certificates, keeper
from gracefulservice.admission.certificates import DAY, Keys
from gracefulservice.admission.keeper import Keeper
from gracefulservice.cluster.requests import Request
from gracefulservice.errors import Refused, Stale, Unreachable
from tests.admission.store import PLACES, Store, installed, secret
from tests.admission.trust import START, accepted

HEARSAY = 60.0
"""Seconds after which every API server has heard of a new bundle."""
MINUTE = 60.0


def kept_by(store: Store, at: float = START) -> Keeper:
    """One replica."""
    return Keeper(store, PLACES, lambda: at)


async def test_an_empty_secret_is_filled_and_its_authority_trusted() -> None:
    store = installed()
    keys = await kept_by(store).keep()
    assert store.data == keys.data
    assert store.trusted == keys.bundle
    assert accepted(keys, store.trusted, START)
    assert store.objects[PLACES.secret]["metadata"]["labels"] == {"a": "b"}
    assert store.objects[PLACES.secret]["type"] == "Opaque"


async def test_a_second_look_writes_nothing() -> None:
    store = installed()
    replica = kept_by(store)
    keys = await replica.keep()
    written = len(store.writes)
    again = await replica.keep()
    assert again.data == keys.data
    assert (await kept_by(store).keep()).data == keys.data, "another replica reads the same"
    assert len(store.writes) == written == 2


async def test_of_replicas_that_start_together_one_makes_the_keys() -> None:
    store = installed()
    found = await asyncio.gather(*(kept_by(store).keep() for _ in range(4)))
    assert len({keys.bundle for keys in found}) == 1
    assert [request.method for request in store.writes] == ["PUT", "PATCH"]
    assert store.trusted == found[0].bundle


async def test_what_an_upgrade_took_away_comes_back() -> None:
    store = installed()
    keys = await kept_by(store).keep()
    del store.objects[PLACES.configuration]["webhooks"][0]["clientConfig"]["caBundle"]
    assert (await kept_by(store).keep()).data == keys.data
    assert store.trusted == keys.bundle


async def test_an_emptied_secret_takes_nobodys_trust_away() -> None:
    store = installed()
    old = await kept_by(store).keep()
    store.put(PLACES.secret, secret())
    new = await kept_by(store).keep()
    assert accepted(old, store.trusted, START)
    assert accepted(new, store.trusted, START)


@pytest.mark.parametrize("spoilt", ["", "!!!", "c3BvaWx0"], ids=["empty", "not base64", "no certificate"])
async def test_spoilt_keys_are_made_anew(spoilt: str) -> None:
    store = installed()
    old = await kept_by(store).keep()
    store.objects[PLACES.secret]["data"]["tls.crt"] = spoilt
    new = await kept_by(store).keep()
    assert new.bundle != old.bundle
    assert accepted(new, store.trusted, START)


async def test_without_its_secret_it_says_what_is_missing() -> None:
    store = installed()
    del store.objects[PLACES.secret]
    with pytest.raises(Refused, match=r"^Secret operators/gracefulservice-webhook does not exist: the chart makes it"):
        await kept_by(store).keep()


async def test_nobody_has_to_be_asked_by_an_api_server() -> None:
    """The configuration was taken away: the keys are kept all the same."""
    store = installed()
    del store.objects[PLACES.configuration]
    assert (await kept_by(store).keep()).data == store.data


async def test_whoever_is_always_slower_says_so_in_the_end() -> None:
    store = installed()

    async def faster(request: Request) -> None:
        if request.writes:
            store.put(PLACES.secret, store.objects[PLACES.secret])

    store.before = faster
    with pytest.raises(Stale):
        await kept_by(store).keep()


async def test_how_long_the_certificate_lasts_is_known() -> None:
    replica = kept_by(installed())
    assert replica.left() == 0
    await replica.keep()
    assert replica.left() == pytest.approx(90 * DAY, abs=1)


def test_what_belongs_to_the_whole_cluster_is_in_no_namespace() -> None:
    ref = PLACES.configuration
    assert ref.path == (
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/gracefulservice-operators"
    )
    assert str(ref) == "ValidatingWebhookConfiguration gracefulservice-operators"


class RefusedError(AssertionError):
    """An API server would not talk to a replica."""


@dataclass
class Years:
    """Replicas that look at random times, are away for weeks, and API servers that hear late of changes."""

    seed: int
    now: float = START
    store: Store = field(default_factory=installed)
    heard: deque[tuple[float, bytes]] = field(default_factory=deque)
    served: dict[int, Keys] = field(default_factory=dict)
    authorities: set[bytes] = field(default_factory=set)

    async def live(self, days: float) -> None:
        """Let them go on for so long."""
        draw = random.Random(self.seed)
        replicas = [Keeper(self.store, PLACES, lambda: self.now) for _ in range(3)]
        back: dict[int, float] = {}
        while self.now < START + days * DAY:
            writes = len(self.store.writes)
            for number, replica in enumerate(replicas):
                if self.now >= back.get(number, 0) and draw.random() < 0.7:
                    self.served[number] = await self.looked(replica, number)
                    if draw.random() < 0.01:
                        back[number] = self.now + draw.uniform(1, 14) * DAY
            self.check()
            busy = writes != len(self.store.writes) or len(self.heard) > 1
            self.now += draw.uniform(5, 90) if busy else draw.uniform(MINUTE, 2 * DAY)

    async def looked(self, replica: Keeper, number: int) -> Keys:
        """One look; now and then the API server fails in the middle of it."""
        if random.Random(f"{self.seed} {number} {self.now}").random() < 0.1:
            self.store.before = unreachable
            try:
                return await replica.keep()
            except Unreachable:
                return self.served.get(number) or await self.undisturbed(replica)
            finally:
                self.store.before = lambda _request: asyncio.sleep(0)
        return await self.undisturbed(replica)

    async def undisturbed(self, replica: Keeper) -> Keys:
        """A look in good weather."""
        self.store.before = lambda _request: asyncio.sleep(0)
        return await replica.keep()

    def check(self) -> None:
        """Everything that is served is trusted by every API server, whenever it last heard."""
        if not self.heard or self.heard[-1][1] != self.store.trusted:
            self.heard.append((self.now, self.store.trusted))
        while len(self.heard) > 1 and self.heard[1][0] < self.now - HEARSAY:
            self.heard.popleft()
        self.authorities.update(keys.authority.certificate_pem for keys in self.served.values())
        first = self.now <= START + HEARSAY  # until they have heard of the first authority nobody can be trusted
        for number, keys in self.served.items():
            for _, bundle in () if first else self.heard:
                if not accepted(keys, bundle, self.now):
                    raise RefusedError(f"replica {number} after {(self.now - START) / DAY:.1f} days")


async def unreachable(request: Request) -> None:
    """Writes get no answer, reads do."""
    if request.writes:
        raise Unreachable("nobody answers")


@pytest.mark.parametrize("seed", range(3))
async def test_in_years_nobody_is_ever_refused(seed: int) -> None:
    years = Years(seed)
    await years.live(800)
    assert len(years.authorities) >= 3, "not one authority was replaced"


def signs_at_once(patch: pytest.MonkeyPatch) -> None:
    """A new authority signs before anybody trusts it."""
    patch.setattr(certificates, "_settled", lambda *_: True)


def waits_for_nobody(patch: pytest.MonkeyPatch) -> None:
    """It signs as soon as one API server trusts it."""
    patch.setattr(certificates, "SETTLED", -certificates.CLOCKS)


def forgets_the_old(patch: pytest.MonkeyPatch) -> None:
    """The old authority goes when the new one comes."""
    patch.setattr(certificates, "_lasting_still", lambda *_: ())


def renews_too_late(patch: pytest.MonkeyPatch) -> None:
    """A successor only at the very end."""
    patch.setattr(certificates, "SPENT", 1.0)


def tells_nobody(patch: pytest.MonkeyPatch) -> None:
    """New authorities stay in the Secret."""
    original = keeper.Keeper._publish

    async def once(self: Keeper, configuration: dict[str, object], keys: Keys) -> None:
        if not keys.older:
            await original(self, configuration, keys)

    patch.setattr(keeper.Keeper, "_publish", once)


@pytest.mark.parametrize(
    "fault", [signs_at_once, waits_for_nobody, forgets_the_old, renews_too_late, tells_nobody], ids=lambda f: f.__name__
)
async def test_every_precaution_is_needed(fault: Callable[[pytest.MonkeyPatch], None]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fault(patch)
        with pytest.raises(RefusedError):
            await three_lives()


async def three_lives() -> None:
    """One after the other."""
    for seed in range(3):
        await Years(seed).live(800)
