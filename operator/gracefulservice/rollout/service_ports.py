"""Which container port each port of the Services leads to, always by name.

A name is resolved in every pod by itself, so pods of two revisions may listen on different numbers behind
one Service. Where the user gave only a number, the port gets the name of the Service's port.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from gracefulservice.api.pods import Pods, Port
from gracefulservice.api.problems import Problem, Problems
from gracefulservice.api.schema_words import PortName
from gracefulservice.api.template import Container, ContainerPort
from gracefulservice.api.value import Value

DEFAULT_NAME = "http"
DEFAULT_PORT = 80


class ServicePort(Value):
    """A port of the Services. `target_port` is the name of a container port."""

    name: PortName
    port: int
    target_port: str
    app_protocol: str | None = None


Key = tuple[str, int]
"""A container's name and the number of a port in it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A TCP port of a container; `name` is the user's own, if there is one."""

    container: str
    number: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Listening:
    """How the Services reach the pods.

    `container` is the one the first port leads to, and `port` that port's name in it. `container_ports` gives
    all ports in core/v1's form of the containers where a name or a port is added.
    """

    ports: tuple[ServicePort, ...]
    container: str
    port: str
    container_ports: Mapping[str, tuple[Mapping[str, Any], ...]]


def listen(pods: Pods) -> Listening | Problems:
    """How the Services reach the pods, or the ports that lead nowhere."""
    declared = tuple(_declared(pods))
    if not (asked := pods.ports or _default_ports(declared)):
        return (_nothing_serves(),)
    slots = [_slot(pods, declared, port) for port in asked]
    found = [slot for slot in slots if isinstance(slot, Slot)]
    if problems := (*(slot for slot in slots if isinstance(slot, Problem)), *_doubles(asked)):
        return problems
    names = _names(pods, asked, found)
    return Listening(
        ports=tuple(
            ServicePort(name=port.name, port=port.port, target_port=names[_key(slot)], app_protocol=port.app_protocol)
            for port, slot in zip(asked, found, strict=True)
        ),
        container=found[0].container,
        port=names[_key(found[0])],
        container_ports=_container_ports(pods, found, names),
    )


def _declared(pods: Pods) -> Iterator[Slot]:
    """The TCP ports the template names, those of regular containers first."""
    for container in pods.template.spec.listening:
        for port in container.ports:
            if _is_tcp(port):
                yield Slot(container.name, port.container_port, port.name)


def _default_ports(declared: Sequence[Slot]) -> tuple[Port, ...]:
    """80, to the first container port; none where there is no container port."""
    return tuple(
        Port(name=DEFAULT_NAME, port=DEFAULT_PORT, target_port=slot.number if slot.name is None else slot.name)
        for slot in declared[:1]
    )


def _slot(pods: Pods, declared: Sequence[Slot], port: Port) -> Slot | Problem:
    """The container port that a port of the Services leads to."""
    if isinstance(port.target_port, str):
        named = (slot for slot in declared if slot.name == port.target_port)
        return next(named, None) or _unknown_name(declared, port)
    number = port.target_port or _default_number(declared, port)
    numbered = (slot for slot in declared if slot.number == number)
    return next(numbered, Slot(_first_container(pods, declared), number))


def _default_number(declared: Sequence[Slot], port: Port) -> int:
    """The container port of the same number, else the first one, else the same number undeclared, as in core/v1."""
    numbers = [slot.number for slot in declared]
    return port.port if port.port in numbers or not numbers else numbers[0]


def _first_container(pods: Pods, declared: Sequence[Slot]) -> str:
    """The container that gets a port no container declares."""
    return declared[0].container if declared else pods.template.spec.containers[0].name


def _names(pods: Pods, ports: Sequence[Port], slots: Sequence[Slot]) -> dict[Key, str]:
    """The name of each slot: the user's own, or the Service port's where it has none."""
    taken = {port.name for container in pods.template.spec.listening for port in container.ports}
    names: dict[Key, str] = {}
    for port, slot in zip(ports, slots, strict=True):
        names.setdefault(_key(slot), slot.name or _fresh(port.name, slot.number, taken | set(names.values())))
    return names


def _fresh(wanted: str, number: int, taken: set[str | None]) -> str:
    """A port name nobody has yet: the wanted one if possible, because it stays when the number changes."""
    candidates = chain((wanted, f"p{number}"), (f"p{number}-{turn}" for turn in count(2)))
    return next(name for name in candidates if name not in taken)


def _container_ports(
    pods: Pods, slots: Sequence[Slot], names: Mapping[Key, str]
) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """All ports of the containers in which one had no name or was not declared."""
    changed = {slot.container for slot in slots if slot.name is None}
    return {
        container.name: (*_declared_ports(container, names), *_added_ports(container, names))
        for container in pods.template.spec.listening
        if container.name in changed
    }


def _declared_ports(container: Container, names: Mapping[Key, str]) -> Iterator[dict[str, Any]]:
    """The ports as the user wrote them, with the names that were missing."""
    for port in container.ports:
        name = names.get((container.name, port.container_port)) if _is_tcp(port) else None
        yield port.model_dump(by_alias=True, exclude_unset=True) | ({"name": name} if name else {})


def _added_ports(container: Container, names: Mapping[Key, str]) -> Iterator[dict[str, Any]]:
    """The ports that only `ports` of the Services names."""
    declared = {port.container_port for port in container.ports if _is_tcp(port)}
    for (owner, number), name in names.items():
        if owner == container.name and number not in declared:
            yield {"containerPort": number, "name": name}


def _is_tcp(port: ContainerPort) -> bool:
    """Services of HTTP traffic lead to TCP ports only."""
    return port.protocol in (None, "TCP")


def _key(slot: Slot) -> Key:
    """What tells slots of one pod apart."""
    return slot.container, slot.number


def _nothing_serves() -> Problem:
    """Neither a container port nor a list of ports."""
    sentence = "No port serves: give a container in template.spec.containers a TCP containerPort, or list ports."
    return Problem(field="spec.ports", sentence=sentence)


def _unknown_name(declared: Sequence[Slot], port: Port) -> Problem:
    """A name that no container port has."""
    known = ", ".join(slot.name for slot in declared if slot.name) or "none"
    sentence = f"targetPort {port.target_port} is the name of no TCP container port; there are: {known}."
    return Problem(field=f"spec.ports[{port.name}].targetPort", sentence=sentence)


def _doubles(ports: Sequence[Port]) -> Problems:
    """Numbers that two ports of the Services share."""
    numbers = Counter(port.port for port in ports)
    return tuple(
        Problem(
            field="spec.ports", sentence=f"{times} ports of the Services have the number {number}: keep one of them."
        )
        for number, times in numbers.items()
        if times > 1
    )
