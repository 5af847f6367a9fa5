"""The revisions of a service that are kept, read from their ControllerRevisions. Pure.

Nothing here needs the operator: the spec says what is asked for now, the records what was before, and the status
adds, as far as it goes, who was stable when.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from gracefulservice.api import HistoryEntry, Status
from gracefulservice.api.names import CONDEMNED_ANNOTATION, REVISION_LABEL, STABLE_ANNOTATION
from gracefulservice.api.quantities import parse_instant
from gracefulservice.cli.scene import read_status
from gracefulservice.cli.words import plain
from gracefulservice.cluster.objects import read_record
from gracefulservice.cluster.ownership import is_ours
from gracefulservice.errors import Invalid
from gracefulservice.ports import Owner
from gracefulservice.rollout.config import DIGEST
from gracefulservice.rollout.revision import CONFIG, HASH_VERSION, Revision, canonical

Object = Mapping[str, Any]

BROKEN = (ValidationError, KeyError, TypeError, ValueError, AttributeError)
"""What a record raises that is not one, or that only another version understands."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One revision. `number` is 0 as long as it has no record; `written` is None where its record cannot be read."""

    id: str
    number: int
    written: Mapping[str, Any] | None
    created: float = 0.0
    """Unix seconds."""
    marked: bool = False
    """Whether its record says that it is stable."""
    condemned: str = ""
    last: HistoryEntry | None = None
    """How the last rollout to it ended."""

    @property
    def called(self) -> str:
        """`dmkgp6zdtw (number 2)`."""
        return f"{self.id} (number {self.number})" if self.number else self.id

    @property
    def images(self) -> tuple[str, ...]:
        """Those of its containers."""
        template = (self.written or {}).get("template") or {}
        return tuple(str(one.get("image", "")) for one in (template.get("spec") or {}).get("containers") or ())


@dataclass(frozen=True, slots=True)
class Shelf:
    """All of one service, the newest number first, with what the spec asks for and what serves."""

    namespace: str
    name: str
    spec: Mapping[str, Any]
    status: Status
    revisions: tuple[Kept, ...]
    target: str
    """The revision that the spec asks for."""
    former: tuple[str, ...] = ()
    """Those that were stable before, the newest first, as far as the status tells."""

    @property
    def called(self) -> str:
        """`shop/web`."""
        return f"{self.namespace}/{self.name}"

    @property
    def stable(self) -> str | None:
        """The revision that serves users; where no status says so, the one whose record does."""
        return self.status.stable or next((one.id for one in self.revisions if one.marked), None)

    def find(self, revision: str) -> Kept | None:
        """The one with this id; for the target that has no record yet, what the spec says."""
        if found := next((one for one in self.revisions if one.id == revision), None):
            return found
        return Kept(self.target, 0, Revision.of(self.spec).input) if revision == self.target else None

    def chosen(self, word: str) -> Kept:
        """The one that a person means by a number, or by an id or the beginning of it. Raises `Invalid`.

        Digits are a number: revision 9 is never the one whose id happens to begin with a 9.
        """
        found = [one for one in self.revisions if word in (str(one.number), one.id)]
        if not found and word and not word.isdecimal():
            found = [one for one in self.revisions if one.id.startswith(word)]
        if len(found) == 1:
            return found[0]
        if found:
            raise Invalid(f"The ids of {len(found)} revisions begin with {word}: {listed(found)}. Give more of it.")
        kept = f"only {listed(self.revisions)}" if self.revisions else "and no other either"
        raise Invalid(f"{self.called} keeps no revision {plain(word) or 'without a name'}, {kept}.")

    def previous(self) -> Kept | None:
        """What was stable before what is asked for now: stable itself, or at rest the one before it."""
        stable = self.stable
        before = [*self.former] if stable == self.target else [stable or "", *self.former]
        return next((one for known in before for one in self.revisions if one.id == known != self.target), None)


def listed(revisions: Iterable[Kept]) -> str:
    """`1 (dmkgp6zdtw), 2 (kqv4c9xgq5)`."""
    return ", ".join(f"{one.number} ({one.id})" for one in sorted(revisions, key=lambda one: one.number))


def shelf(body: Object, records: Sequence[Object]) -> Shelf:
    """What an object and the records that bear its label tell; those of another object are left out."""
    owner, status = Owner(body), read_status(body)
    revisions = tuple(kept(one, status) for one in records if is_ours(one, owner))
    return Shelf(
        namespace=owner.key.namespace,
        name=owner.key.name,
        spec=owner.spec,
        status=status,
        revisions=tuple(sorted(revisions, key=lambda one: one.number, reverse=True)),
        target=asked_for(owner.spec, status, revisions),
        former=tuple(dict.fromkeys(tuple(remembered(status)) or promoted(status))),
    )


def asked_for(spec: Mapping[str, Any], status: Status, revisions: Iterable[Kept]) -> str:
    """The revision that a spec asks for. Where configuration belongs to it, its data is known to the operator alone:
    then it is the target of the status, if that is of this spec, and else one that has no record yet.
    """
    present = Revision.of(spec)
    told = next((one for one in revisions if one.id == status.target), None)
    known = told is not None and told.written is not None and undigested(told.written) == undigested(present.input)
    return told.id if told is not None and known else present.id


def undigested(written: Mapping[str, Any]) -> str:
    """What the user wrote of a revision, without what stands for the data of its configuration."""
    entries = [{field: value for field, value in one.items() if field != DIGEST} for one in written.get(CONFIG) or ()]
    return canonical({**written, CONFIG: entries})


def kept(body: Object, status: Status) -> Kept:
    """One record; the head of it is read even where the rest cannot be."""
    metadata = body["metadata"]
    annotations = metadata.get("annotations") or {}
    revision = str((metadata.get("labels") or {}).get(REVISION_LABEL) or metadata["name"])
    return Kept(
        id=revision,
        number=int(body.get("revision") or 0),
        written=written(body),
        created=parse_instant(metadata["creationTimestamp"]),
        marked=STABLE_ANNOTATION in annotations,
        condemned=plain(str(annotations.get(CONDEMNED_ANNOTATION) or "")),
        last=next((one for one in status.history if one.revision == revision), None),
    )


def written(body: Object) -> Mapping[str, Any] | None:
    """The user's fields in a record; None where it is none of ours, or those fields make another revision."""
    try:
        found = read_record(body).revision
        other = found.hash_version == HASH_VERSION and Revision.of(found.input).id != found.id
        return None if other else found.input
    except BROKEN:
        return None


def remembered(status: Status) -> Iterator[str]:
    """What the operator's memory says was stable; its form is its own affair, so anything else is no answer."""
    former = (status.memory or {}).get("former")
    yield from (one for one in former if isinstance(one, str)) if isinstance(former, list) else ()


def promoted(status: Status) -> Iterator[str]:
    """What the history says became stable, without what is stable now."""
    yield from (one.revision for one in status.history if one.outcome == "Promoted" and one.revision != status.stable)
