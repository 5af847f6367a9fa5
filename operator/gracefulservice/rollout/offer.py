"""Which ports the Services offer: always those of stable, because users call them and its pods have them.

A target may add ports and change numbers; one that drops the name of a port never begins, since whoever calls
that port would lose it with the first pod.
"""

from gracefulservice.rollout.memory import Memory
from gracefulservice.rollout.plan import Plan
from gracefulservice.rollout.seen import Seen
from gracefulservice.rollout.service_ports import ServicePort

Ports = tuple[ServicePort, ...]


def offered(plan: Plan, seen: Seen, memory: Memory) -> Ports:
    """The ports of both Services, stable's first; empty where nobody can say what stable's are.

    While two revisions are in play the numbers of both are there: nobody is left standing at an old number before
    the pointer has moved, or at a new one after a rollback.
    """
    if memory.stable is None:
        return plan.contract.ports
    found = ports_of(plan, seen, memory.stable)
    other = ports_of(plan, seen, memory.canary or memory.leaving or memory.stable)
    return joined(found, other) if found else ()


def ports_of(plan: Plan, seen: Seen, revision: str) -> Ports:
    """What the record of a revision says; of the target, which may have none yet, what the plan says."""
    record = seen.records.get(revision)
    if record is not None and record.ports:
        return record.ports
    return plan.contract.ports if revision == plan.revision.id else ()


def joined(first: Ports, second: Ports) -> Ports:
    """The first, and those of the second whose number is free; a name that is taken gives way to the number's."""
    numbers, names = {port.port for port in first}, {port.name for port in first}
    free = (port for port in second if port.port not in numbers)
    return (
        *first,
        *(port.model_copy(update={"name": f"p{port.port}"}) if port.name in names else port for port in free),
    )


def dropped(plan: Plan, seen: Seen, memory: Memory) -> str:
    """Why the target may not begin: the port names of stable that it lacks; empty where it has them all.

    With 0 replicas nobody is served, so there is nothing to drop.
    """
    target, stable = plan.revision.id, memory.stable or ""
    if target == stable or stable not in seen.records or not plan.replicas:
        return ""
    missing = sorted(seen.records[stable].port_names - plan.contract.port_names)
    if not missing:
        return ""
    ports, names = ("ports", " and ".join(missing)) if missing[1:] else ("a port", missing[0])
    return (
        f"Revision {target} does not start: the Services lead to {ports} named {names} in revision {stable}, and it "
        f"has none of that name, so whoever calls there would be lost. Keep {ports} named {names} in spec.template "
        "and in spec.ports, or set spec.replicas to 0 for the change."
    )
