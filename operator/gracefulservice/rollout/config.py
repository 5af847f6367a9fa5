"""`spec.config`: whose data belongs to a revision, where its template names that, and what is wrong with it.

    spec.config ─► entries ─► their objects are read ─► digests in the revision's input ─► copies, one per digest
    template ─► mentions: volumes, projected sources, envFrom, env.valueFrom ─► the same with the names of the copies

The data itself is the cluster's business (`cluster.configuration`); here are only names, digests and keys.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gracefulservice.api.problems import Problem, Problems
from gracefulservice.rollout.revision import CONFIG

Part = Mapping[str, Any]
Target = tuple[str, str]
"""The kind of an object and its name."""

KINDS = {"configMap": "ConfigMap", "secret": "Secret"}
"""The field of an entry, or of a volume, and the kind of the object that it names."""
DIGEST = "digest"
"""What is added to an entry once its data is known; the schema keeps users from writing it themselves."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of `spec.config`. `digest` is empty as long as nobody has read the data."""

    name: str
    field: str
    object: str
    digest: str = ""

    @property
    def kind(self) -> str:
        """The kind of the object."""
        return KINDS[self.field]

    @property
    def target(self) -> Target:
        """The object whose data it is about."""
        return self.kind, self.object

    @property
    def place(self) -> str:
        """Where it stands, as a path."""
        return f"spec.{CONFIG}[{self.name}].{self.field}"


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a template that names an object, and the keys of it that must be there."""

    target: Target
    keys: tuple[str, ...] = ()


def entries(written: Part) -> tuple[Entry, ...]:
    """The entries of a spec, or of a revision's input; what cannot be read as one is left out."""
    found = written.get(CONFIG)
    return tuple(entry for one in found if (entry := _entry(one))) if isinstance(found, list | tuple) else ()


def _entry(written: Any) -> Entry | None:
    fields = [field for field in KINDS if _part(written, field).get("name")]
    if len(fields) != 1 or not written.get("name"):
        return None
    (field,) = fields
    return Entry(str(written["name"]), field, str(written[field]["name"]), str(written.get(DIGEST) or ""))


def digested(written: Part, digests: Mapping[Target, str]) -> dict[str, Any]:
    """The spec with the digest of each entry's data; an entry whose data is not known has none."""
    if not written.get(CONFIG):
        return dict(written)
    known = {one.name: digests.get(one.target, "") for one in entries(written)}
    return {**written, CONFIG: [_with(one, known.get(str(one.get("name")), "")) for one in written[CONFIG]]}


def _with(entry: Part, digest: str) -> dict[str, Any]:
    return {field: value for field, value in entry.items() if field != DIGEST} | ({DIGEST: digest} if digest else {})


def problems(written: Part) -> Problems:
    """What is wrong with the entries by themselves, and beside the template."""
    found = entries(written)
    named = {mention.target for mention in mentions(_part(written, "template"))}
    return tuple(
        Problem(field=entry.place, sentence=why)
        for place, entry in enumerate(found)
        if (why := _wrong(entry, {one.target: one.name for one in found[:place]}, named))
    )


def _wrong(entry: Entry, before: Mapping[Target, str], named: Collection[Target]) -> str:
    """What is wrong with one entry, after those before it; empty where nothing is."""
    if entry.target in before:
        return f"{entry.kind} {entry.object} is named by the entry {before[entry.target]} already: remove one of them."
    if entry.target not in named:
        return (
            f"Nothing in the template reads {entry.kind} {entry.object}: name it in a volume, in envFrom or in "
            "env.valueFrom, or remove the entry."
        )
    return ""


def lacking(template: Part, target: Target, keys: Collection[str]) -> str:
    """The first key that the template asks of an object which has only `keys`; empty where all are there."""
    asked = (key for mention in mentions(template) if mention.target == target for key in mention.keys)
    return next((key for key in asked if key not in keys), "")


def mentions(template: Part) -> Iterator[Mention]:
    """Every place in a template that names a ConfigMap or a Secret."""
    found: list[Mention] = []

    def note(kind: str, field: str, mention: Part) -> Part:
        found.append(Mention((kind, str(mention.get(field))), () if mention.get("optional") else _keys(mention)))
        return mention

    rewritten(template, note)
    return iter(found)


def _keys(mention: Part) -> tuple[str, ...]:
    """The keys that a mention asks for: of a variable one, of a volume its items; without those all there are."""
    items = mention.get("items")
    named = [one.get("key") for one in items if isinstance(one, Mapping)] if isinstance(items, list | tuple) else []
    return tuple(key for key in (mention.get("key"), *named) if isinstance(key, str))


def renamed(template: Part, names: Mapping[Target, str]) -> Part:
    """The template with other names for some objects; `optional` and everything else stay as they are."""

    def rename(kind: str, field: str, mention: Part) -> Part:
        name = names.get((kind, str(mention.get(field))))
        return mention if name is None else {**mention, field: name}

    return rewritten(template, rename)


Change = Callable[[str, str, Part], Part]
"""From a kind, the field that holds its name, and a mention to what stands in the place of that mention."""


def rewritten(template: Part, change: Change) -> Part:
    """The template with every mention changed."""

    def inside(spec: Part) -> Part:
        for field in ("containers", "initContainers"):
            spec = _each(spec, field, lambda container: _container(container, change))
        return _each(spec, "volumes", lambda volume: _volume(volume, change))

    return _within(template, "spec", inside)


def _volume(volume: Part, change: Change) -> Part:
    """A volume of one object, or one that many are projected into."""
    volume = _within(volume, "configMap", lambda one: change("ConfigMap", "name", one))
    volume = _within(volume, "secret", lambda one: change("Secret", "secretName", one))
    return _within(volume, "projected", lambda whole: _each(whole, "sources", lambda one: _either(one, "", change)))


def _container(container: Part, change: Change) -> Part:
    """The variables of one container."""
    container = _each(container, "envFrom", lambda one: _either(one, "Ref", change))
    return _each(
        container, "env", lambda one: _within(one, "valueFrom", lambda value: _either(value, "KeyRef", change))
    )


def _either(whole: Part, suffix: str, change: Change) -> Part:
    """`whole` with the one of the two kinds that it names changed."""
    whole = _within(whole, f"configMap{suffix}", lambda one: change("ConfigMap", "name", one))
    return _within(whole, f"secret{suffix}", lambda one: change("Secret", "name", one))


def _each(whole: Part, field: str, change: Callable[[Part], Part]) -> Part:
    """`whole` with every object of a list in it changed."""
    items = whole.get(field)
    if not isinstance(items, list | tuple):
        return whole
    return {**whole, field: [change(one) if isinstance(one, Mapping) else one for one in items]}


def _within(whole: Part, field: str, change: Callable[[Part], Part]) -> Part:
    """`whole` with one object in it changed."""
    inner = whole.get(field)
    return {**whole, field: change(inner)} if isinstance(inner, Mapping) else whole


def _part(whole: Any, field: str) -> Part:
    """A part that has parts of its own; an empty one where there is none."""
    part = whole.get(field) if isinstance(whole, Mapping) else None
    return part if isinstance(part, Mapping) else {}
