"""The case against a canary: what is excused, when a tick is judged, one bad pod of many, and what is remembered."""

import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gracefulservice.rollout import case as cases
from gracefulservice.rollout.case import ALL_WEIGHTS, MOST_PODS, Case, Charge, Part, Tick, heard, judged, parts
from gracefulservice.rollout.evidence import Bets

CHARGE = Charge(allowed=0.01, slack=0.0005)
LIMIT = 100.0
Counts = tuple[float, float, float, float]
"""Canary: requests and bad ones; stable: the same."""


def after(ticks: Iterable[Counts], every: float = 5.0) -> tuple[Bets, Case]:
    """The case after these ticks."""
    bets, case = Bets(), Case()
    for place, (n, x, ns, xs) in enumerate(ticks):
        bets, case = heard(bets, case, CHARGE, Tick(1000.0 + every * place, n, x, ns, xs, False, {}))
    return bets, case


def highest(ticks: Iterable[Counts]) -> float:
    """The highest odds that were ever read."""
    bets, case, found = Bets(), Case(), 1.0
    for place, (n, x, ns, xs) in enumerate(ticks):
        bets, case = heard(bets, case, CHARGE, Tick(1000.0 + 5 * place, n, x, ns, xs, False, {}))
        found = max(found, odds(bets, case))
    return found


def odds(bets: Bets, case: Case) -> float:
    """All evidence against the canary."""
    return sum(parts(bets, case).values()) / ALL_WEIGHTS


GOOD: Counts = (10, 0, 90, 0)
BAD: Counts = (10, 5, 90, 0)
BOTH: Counts = (10, 5, 90, 45)


def test_a_tick_is_judged_once_the_next_is_known() -> None:
    """As it looks it condemns; the next one tells."""
    bets, case = after([GOOD, GOOD, (10, 10, 90, 0)])
    assert odds(bets, case) < LIMIT <= odds(*judged(bets, case, CHARGE))
    assert odds(*after([GOOD, GOOD, (10, 10, 90, 0), GOOD])) >= LIMIT


def test_without_anybody_on_stable_there_is_nothing_to_wait_for() -> None:
    """At 100 %."""
    bets, case = after([(10, 10, 0, 0)])
    assert case.waiting is None
    assert odds(bets, case) >= LIMIT


def edges(lead: int) -> list[Counts]:
    """A fault of both for a minute that the canary's counters show `lead` ticks sooner than stable's, or later."""
    ticks = []
    for tick in range(40):
        canary, stable = 10 <= tick < 22, 10 <= tick - lead < 22
        ticks.append((20.0, 16.0 if canary else 0.0, 90.0, 72.0 if stable else 0.0))
    return ticks


def faults_of_both_are_excused() -> bool:
    """Whichever revision is scraped first."""
    return all(odds(*after(edges(lead)[:end])) < LIMIT for lead in (-1, 0, 1) for end in range(1, 40))


def faults_that_no_tick_shows_are_excused() -> bool:
    """With few requests it takes a minute to see that stable fails as well."""
    ticks: list[Counts] = [(5.0, 0.0, 9.0, 0.0)] * 12 + [(5.0, 1.0, 9.0, 1.0)] * 24
    return all(odds(*after(ticks[:end])) < LIMIT for end in range(1, 36))


FLAPS = ("BN", "BNN", "BBN", "BBNN")
"""Stable tick by tick, over and over: broken or not."""


def in_window(pattern: str, start: float) -> float:
    """How much of the tick that begins at `start`, counted in ticks, is in a broken one of the pattern."""
    first, part = int(start // 1), start % 1
    return sum(
        weight * (pattern[place % len(pattern)] == "B") for place, weight in ((first, 1 - part), (first + 1, part))
    )


def flaps_of_both(pattern: str, shift: float, level: float, begin: float) -> list[Counts]:
    """A fault of both that comes and goes; the canary, there from the third tick on, is counted `shift` ticks apart."""
    return [
        (
            1000.0 * (tick >= 2),
            1000 * level * (tick >= 2) * in_window(pattern, begin + tick + shift),
            10_000.0,
            10_000 * level * in_window(pattern, begin + tick),
        )
        for tick in range(36)
    ]


def never_condemned(pattern: str, shifts: Iterable[float], step: float = 1.0) -> bool:
    """At whatever level, and wherever the canary begins; `step` < 1: stable's ticks do not begin with the fault."""
    return all(
        highest(flaps_of_both(pattern, shift, level, begin * step)) < LIMIT
        for shift in shifts
        for level in (0.05, 1.0)
        for begin in range(int(len(pattern) / step))
    )


def flaps_of_both_are_excused() -> bool:
    """Counted a whole tick sooner or later."""
    return all(never_condemned(pattern, (-1, 1)) for pattern in FLAPS)


def a_short_outage_of_both_is_excused() -> bool:
    """It lasts one tick, and half of it is in each of two ticks of one revision, but all in one of the other."""
    return never_condemned("BNNNNNNNNNNN", (-0.5, 0.5), step=0.5)


def a_bad_canary_beside_a_flapping_stable_is_found() -> bool:
    """Within a minute, whatever the rhythm: every tick is excused or next to an excused one."""
    return all(
        odds(*after([(100.0, bad, 1000.0, 50.0 * in_window(pattern, place)) for place in range(begin, begin + 12)]))
        >= LIMIT
        for pattern in FLAPS
        for begin in range(len(pattern))
        for bad in (30.0, 100.0)
    )


def a_fault_beside_an_old_one_is_found() -> bool:
    """Stable's fault is over for a minute and a half; then the canary has one of its own."""
    return odds(*after([GOOD] * 3 + [BOTH] * 3 + [GOOD] * 18 + [BAD] * 6)) >= LIMIT


def a_canary_worse_than_a_broken_stable_is_found() -> bool:
    """Everything is excused for ever, but not from being compared."""
    return odds(*after([(20, 20, 180, 18)] * 30)) >= LIMIT


def one_bad_pod_is_found() -> bool:
    """One of twenty fails 10 %, so all together 0.5 %, of which the objective allows 1 %; stable fails 0.4 %."""
    bets, case = Bets(), Case()
    for place in range(120):
        pods = {f"canary-{number:02}": (100.0, 10.0 if number == 7 else 0.0) for number in range(20)}
        bets, case = heard(bets, case, CHARGE, Tick(1000.0 + 5 * place, 2000, 10, 2000, 8, False, pods))
    found = parts(bets, case)
    return found[Part.ONE_POD] / ALL_WEIGHTS >= LIMIT > found[Part.ALONE] / ALL_WEIGHTS


def clusters_are_no_proof() -> bool:
    """Faults that fail eight requests at once, on both revisions alike."""
    chance = random.Random(7)
    for _ in range(40):
        ticks = [
            (50.0, 8.0 * (chance.random() < 0.05), 450.0, 8.0 * sum(chance.random() < 0.05 for _ in range(9)))
            for _ in range(60)
        ]
        if odds(*after(ticks)) >= LIMIT:
            return False
    return True


STORIES: tuple[Callable[[], bool], ...] = (
    faults_of_both_are_excused,
    faults_that_no_tick_shows_are_excused,
    flaps_of_both_are_excused,
    a_short_outage_of_both_is_excused,
    a_bad_canary_beside_a_flapping_stable_is_found,
    a_fault_beside_an_old_one_is_found,
    a_canary_worse_than_a_broken_stable_is_found,
    one_bad_pod_is_found,
    clusters_are_no_proof,
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_story(story: Callable[[], bool]) -> None:
    assert story(), story.__doc__


def worst_share(before: float, tick: Tick, following: Tick | None) -> float:
    """Too little: half of a short outage may be in each of two ticks."""
    return tick.stable_requests * max(before, cases._share(tick), cases._share(following))


@pytest.mark.parametrize(
    ("guard", "without", "story"),
    [
        ("excused_so_far", lambda *_: False, faults_of_both_are_excused),
        ("lately", lambda *_: False, faults_that_no_tick_shows_are_excused),
        ("judged", lambda bets, case, charge, **_: judged(bets, case, charge), faults_of_both_are_excused),
        ("lately", lambda *_: True, one_bad_pod_is_found),
        ("_beside_stable", lambda *_, **__: {}, a_canary_worse_than_a_broken_stable_is_found),
        ("_held", lambda _, tick, __: tick.stable_bad, flaps_of_both_are_excused),
        ("_held", worst_share, a_short_outage_of_both_is_excused),
        ("_held", lambda _, tick, __: tick.stable_requests, a_bad_canary_beside_a_flapping_stable_is_found),
        ("_one_by_one", lambda pods, *_: dict(pods), one_bad_pod_is_found),
    ],
)
def test_without_its_guard_a_story_ends_badly(
    guard: str, without: object, story: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each guard is broken once, so that each is really what the story rests on."""
    monkeypatch.setattr(cases, guard, without)
    assert not story()


histories = st.lists(st.sampled_from([GOOD, BAD, (10.0, 1.0, 90.0, 1.0), (40.0, 0.0, 60.0, 0.0)]), max_size=12)


@settings(max_examples=60, deadline=None)
@given(history=st.lists(st.sampled_from([GOOD, BAD, BOTH, (10.0, 0.0, 90.0, 9.0), (5.0, 5.0, 30.0, 1.0)]), max_size=16))
def test_what_stable_is_taken_to_have_never_adds_evidence(history: list[Counts]) -> None:
    """The bets on the true counts, which are the ones with a promise, are never worth less."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cases, "_held", lambda _, tick, __: tick.stable_bad)
        true = after(history)[1].beside.logs
    assert all(log <= honest + 1e-9 for log, honest in zip(after(history)[1].beside.logs, true, strict=True))


@settings(max_examples=60, deadline=None)
@given(history=histories, length=st.integers(3, 12))
def test_a_fault_of_both_changes_no_verdict(history: list[Counts], length: int) -> None:
    """Whatever came before it: nothing is added, and what the objective alone says stays as it was, to the bit."""
    quiet, disturbed = after([*history, GOOD]), after([*history, GOOD, *[BOTH] * length])
    assert odds(*disturbed) < LIMIT or odds(*quiet) >= LIMIT
    assert disturbed[0] == quiet[0]
    assert (disturbed[1].pods, disturbed[1].noise) == (quiet[1].pods, quiet[1].noise)


@settings(max_examples=60, deadline=None)
@given(history=histories, places=st.sets(st.integers(0, 11)))
def test_a_case_survives_being_written_down_at_any_moment(history: list[Counts], places: set[int]) -> None:
    """To the bit."""
    bets, case = Bets(), Case()
    for place, (n, x, ns, xs) in enumerate(history):
        if place in places:
            case = Case.model_validate_json(case.model_dump_json(by_alias=True, exclude_defaults=True))
        tick = Tick(1000.0 + 5 * place, n, x, ns, xs, place == 4, {"a": (n, x), "b": (0.0, 0.0)})
        bets, case = heard(bets, case, CHARGE, tick)
    plain, there = Bets(), Case()
    for place, (n, x, ns, xs) in enumerate(history):
        tick = Tick(1000.0 + 5 * place, n, x, ns, xs, place == 4, {"a": (n, x), "b": (0.0, 0.0)})
        plain, there = heard(plain, there, CHARGE, tick)
    assert (bets, case) == (plain, there)
    assert case.model_dump_json() == there.model_dump_json()


def test_what_is_remembered_is_bounded() -> None:
    """In time, and in pods: only the first twenty are followed one by one."""
    bets, case = Bets(), Case()
    for place in range(400):
        pods = {f"shop-7f9c6d5b8c-{number:05}": (10.0, 1.0) for number in range(place // 10, place // 10 + 60)}
        bets, case = heard(bets, case, CHARGE, Tick(1000.0 + 5 * place, 600, 60, 600, 0, False, pods))
    assert len(case.pods) == MOST_PODS
    assert len(case.model_dump_json(by_alias=True)) < 8_000


def test_pods_that_are_met_late_take_nothing_that_was_not_set_aside() -> None:
    """At the beginning the odds are 1, whether there are pods or not."""
    assert sum(parts(Bets(), Case()).values()) == ALL_WEIGHTS
    known = Case(pods={f"pod-{number}": Bets() for number in range(MOST_PODS)})
    assert sum(parts(Bets(), known).values()) == ALL_WEIGHTS
