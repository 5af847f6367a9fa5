"""What the rehearsals found, told in sentences and as a table. Pure."""

import math
from collections.abc import Iterator, Sequence

from gracefulservice.cli.course_words import Said
from gracefulservice.forecast.chances import CONFIDENCE, at_most
from gracefulservice.forecast.faults import USUAL, blamed
from gracefulservice.forecast.outlook import Kind, Question
from gracefulservice.forecast.service import OWN_SCRAPE, SCRAPE
from gracefulservice.forecast.world import PROPAGATION
from gracefulservice.rollout import figures
from gracefulservice.rollout.judge import ALPHA

SURE = f"{100 * CONFIDENCE:g} % confidence"
HEADINGS = ("version", "bad requests, mean", "worst", "found after, median", "95 of 100", "not found")


def before(question: Question, kinds: Sequence[Kind]) -> Iterator[Said]:
    """What the figures rest on, and those of a healthy version."""
    yield "Basis", basis(question, kinds[0].runs)
    yield "Assumed", " ".join(assumed(question))
    yield from (("Healthy", sentence) for sentence in healthy(question, kinds[0]))


def after(question: Question, kinds: Sequence[Kind]) -> Iterator[Said]:
    """What the table of the bad versions does not say by itself."""
    return (("Bad", sentence) for sentence in about_bad(question, kinds[1:])) if kinds[1:] else iter(())


def basis(question: Question, runs: int) -> str:
    """How many rollouts were simulated, and by what."""
    first, last = question.seed, question.seed + runs - 1
    seeds, many = (f"seed {first}", "") if runs == 1 else (f"seeds {first} to {last}", "s")
    return f"{runs:,} simulated rollout{many} of each version ({seeds}), decided and judged by the operator's own code."


def assumed(question: Question) -> Iterator[str]:
    """What is not known, and how it is taken."""
    plan, first = question.plan, blamed(question.plan.objectives)
    outcome = many(first.outcome) if first else "fail"
    yield (
        f"{question.rate:g} requests/s, of which {figures.percent(question.usual)} {outcome} already now; a new pod "
        f"is ready after {figures.duration(question.start)};"
    )
    if plan.judged:
        scrape = f"every {SCRAPE:g} s by a Prometheus" if plan.page is None else f"every {OWN_SCRAPE:g} s"
        yield f"each of {figures.pods(question.scenario(0).pods)} per version is scraped {scrape};"
    if plan.weighted:
        yield f"a weight is in force after {PROPAGATION[0]:g} to {PROPAGATION[1]:g} s;"
    if len(plan.objectives) > 1:
        others = figures.percent(USUAL)
        yield f"of what each other objective allows, {others} is used;"
    yield "every guard keeps its threshold; nothing else goes wrong." if plan.guards else "nothing else goes wrong."


def healthy(question: Question, kind: Kind) -> Iterator[str]:
    """What becomes of a version that is no worse than stable."""
    first, usual = blamed(question.plan.objectives), figures.percent(kind.badness)
    yield f"A version like stable ({usual} bad) may go to 100 % {reaches(kind)}."
    if first is not None:
        done = "Rolled back" if question.plan.on_violation == "Rollback" else "Paused"
        alarms, made_for = share(kind.found, kind.runs), figures.percent(ALPHA)
        made = "" if question.plan.sampling else f"; the judge is made for at most {made_for}"
        yield f"{done} all the same (a false alarm): {alarms}{made}."
    yield from unfinished(question, kind)
    if first is not None and kind.badness > first.max_share:
        limit = f"{figures.percent(first.max_share)} ({first.title})"
        yield f"{usual} break the objective of {limit}: a version like stable is held or taken back, because it does."


def reaches(kind: Kind) -> str:
    """How long it takes to the gate."""
    median, late = kind.gate.median, kind.gate.p95
    if math.isinf(median):
        return "in fewer than half of all cases in time"
    p95 = "not all in time" if math.isinf(late) else f"{figures.span(late)} in 95 of 100"
    return f"{figures.span(median)} after the change in the median, {p95}"


def unfinished(question: Question, kind: Kind) -> Iterator[str]:
    """Rollouts that were neither promoted nor found bad."""
    if not kind.unfinished or kind.stands is None:
        return
    low, high = map(figures.weight, kind.stands)
    where = low if low == high else f"{low} to {high}"
    reason = f" The judge says: {kind.reason}" if kind.reason else ""
    yield (
        f"{kind.unfinished:,} of {kind.runs:,} are not over {figures.span(question.longest)} after the first weight: "
        f"they stand at {where}.{reason}"
    )


def share(found: int, runs: int) -> str:
    """`0 of 40, so at most 7.22 % (95 % confidence)`."""
    return f"{found:,} of {runs:,}, so at most {figures.at_most(at_most(found, runs))} ({SURE})"


def rows(kinds: Sequence[Kind]) -> Iterator[tuple[str, ...]]:
    """A row for each bad version."""
    for one in kinds:
        after = one.found_after
        yield (
            f"{figures.percent(one.badness)} bad",
            figures.number(one.errors),
            figures.number(one.worst),
            figures.span(after.median) if after else "never",
            figures.span(after.p95) if after else "",
            f"{one.missed:,} of {one.runs:,}",
        )


def about_bad(question: Question, kinds: Sequence[Kind]) -> Iterator[str]:
    """How the table is to be read, and what is peculiar in it."""
    first = blamed(question.plan.objectives)
    if first is None:
        yield "No objective counts bad requests, so each is promoted: they are counted until then, and go on."
        return
    yield f"A bad request is one that {one_of(first.outcome)}; they are counted until the version gets none any more."
    yield "Found after: since the first weight; a pause for a person counts as 0 s."
    if question.plan.on_violation == "Pause":
        yield (
            "onViolation is Pause: the rollout stops at its weight and nobody is taken back before a person acts, so "
            "bad requests go on; they are counted until the pause."
        )
    if kept := [figures.percent(one.badness) for one in kinds if one.badness <= first.max_share]:
        keep, limit = "keeps" if len(kept) == 1 else "keep", f"{figures.percent(first.max_share)} ({first.title})"
        yield f"{' and '.join(kept)} bad {keep} the objective of {limit}: only the comparison with stable can tell."
    for one in kinds:
        yield from (f"{figures.percent(one.badness)} bad: {said}" for said in unfinished(question, one))
    if not any(one.missed for one in kinds):
        yield f"Not found: {share(0, kinds[0].runs)}, of each."


def many(outcome: str) -> str:
    """`failed` → `fail`, in a sentence about what requests do."""
    return {"failed": "fail"}.get(outcome, outcome.replace("took", "take").replace("were", "are"))


def one_of(outcome: str) -> str:
    """`failed` → `fails`, in a sentence about one request."""
    return {"failed": "fails"}.get(outcome, outcome.replace("took", "takes").replace("were", "is"))
