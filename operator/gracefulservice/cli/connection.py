"""The thin half: the cluster of the user's kubeconfig, through the official client. Raises failures only."""

import json
import logging
import math
import os
from collections.abc import Callable, Sequence
from typing import Any, cast

import urllib3
from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException

from gracefulservice.api.names import COMMAND_ANNOTATION, GROUP, KIND, NAME_LABEL, PLURAL, VERSION
from gracefulservice.cli.failures import reading_kubeconfig, translated
from gracefulservice.errors import Failure

Object = dict[str, Any]

TIMEOUT = 10.0
"""Seconds for one request."""
FIELD_MANAGER = "kubectl-graceful"
MERGE_PATCH, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
GONE = 410
"""The API server forgot the version a watch began at."""

# Warnings about retries, and about a check that the kubeconfig itself switches off, are no words for a person.
logging.getLogger("urllib3").setLevel(logging.ERROR)
urllib3.disable_warnings()


class Connection:
    """One cluster, one namespace, one person."""

    def __init__(self, context: str | None, namespace: str | None) -> None:
        with reading_kubeconfig():
            file, settings = os.environ.get("KUBECONFIG"), client.Configuration()
            chosen = _context(file, context)
            load: Callable[..., None] = config.load_kube_config
            load(file, context=context, client_configuration=settings)
        self.namespace: str = namespace or chosen.get("namespace") or "default"
        self._user, self._server = str(chosen.get("user") or ""), settings.host
        self._client = client.ApiClient(settings)
        self._objects = client.CustomObjectsApi(self._client)
        self._place = (GROUP, VERSION, self.namespace, PLURAL)

    def get(self, name: str) -> Object:
        """One GracefulService. `Invalid` where there is none."""
        with self._asking(name):
            return _object(self._objects.get_namespaced_custom_object(*self._place, name, _request_timeout=TIMEOUT))

    def list_all(self) -> tuple[list[Object], str]:
        """Every GracefulService of the namespace, and the version of the list."""
        with self._asking():
            found = _object(self._objects.list_namespaced_custom_object(*self._place, _request_timeout=TIMEOUT))
        return sorted(found["items"], key=lambda one: str(one["metadata"]["name"])), found["metadata"][
            "resourceVersion"
        ]

    def order(self, name: str, command: str) -> Object:
        """Put a command on the object; gives the object as it is then."""
        return self._patch(name, {"metadata": {"annotations": {COMMAND_ANNOTATION: command}}}, MERGE_PATCH)

    def change(self, name: str, operations: Sequence[Object]) -> Object:
        """Carry out a JSON Patch on the object; gives the object as it is then."""
        return self._patch(name, list(operations), JSON_PATCH)

    def _patch(self, name: str, change: Object | list[Object], content_type: str) -> Object:
        with self._asking(name):
            return _object(
                self._objects.patch_namespaced_custom_object(
                    *self._place,
                    name,
                    change,
                    field_manager=FIELD_MANAGER,
                    _content_type=content_type,
                    _request_timeout=TIMEOUT,
                )
            )

    def await_change(self, version: str, seconds: float, name: str = "") -> None:
        """Return as soon as anything has changed since `version`, at the latest after about so many seconds.

        `name` narrows it to one object.
        """
        within = max(math.ceil(seconds), 1)
        watching: Callable[[], Any] = watch.Watch
        with self._asking(name):
            stream = watching().stream(
                self._objects.list_namespaced_custom_object,
                *self._place,
                field_selector=f"metadata.name={name}" if name else None,
                resource_version=version,
                timeout_seconds=within,
                _request_timeout=within + TIMEOUT,
            )
            try:
                next(stream, None)
            except ApiException as error:
                if error.status != GONE:
                    raise
            finally:
                stream.close()

    def deployments(self, name: str) -> list[Object]:
        """The Deployments of a service."""
        return self._labelled(name, "deployments")

    def records(self, name: str) -> list[Object]:
        """The ControllerRevisions of a service."""
        return self._labelled(name, "controllerrevisions")

    def _labelled(self, name: str, plural: str) -> list[Object]:
        labels = f"{NAME_LABEL}={name}"
        with self._asking(name):
            found = self._objects.list_namespaced_custom_object(
                "apps", "v1", self.namespace, plural, label_selector=labels, _request_timeout=TIMEOUT
            )
        return _items(found)

    def events(self, name: str) -> list[Object]:
        """The events about a service that the API server still has."""
        about = f"involvedObject.kind={KIND},involvedObject.name={name}"
        with self._asking(name):
            answer: Any = client.CoreV1Api(self._client).list_namespaced_event(
                self.namespace, field_selector=about, _request_timeout=TIMEOUT, _preload_content=False
            )
            return _items(json.loads(answer.data))

    def person(self) -> str:
        """Who we are to the cluster; where it does not say, who we are in the kubeconfig."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            with self._asking():
                answer = self._objects.create_cluster_custom_object(
                    "authentication.k8s.io", "v1", "selfsubjectreviews", review, _request_timeout=TIMEOUT
                )
        except Failure:
            return self._user
        return str(_object(answer)["status"]["userInfo"].get("username") or self._user)

    def _asking(self, name: str = "") -> Any:
        about = f"{KIND} {self.namespace}/{name}" if name else f"{KIND}s in namespace {self.namespace}"
        return translated(about, self._server)


def _context(file: str | None, wanted: str | None) -> Object:
    """The context in the kubeconfig that was asked for, else the current one."""
    known: Callable[[str | None], tuple[Sequence[Object], Object]] = config.list_kube_config_contexts
    contexts, current = known(file)
    if wanted is None:
        return dict(current["context"])
    names = {str(one["name"]): one for one in contexts}
    if wanted not in names:
        raise config.ConfigException(f"it has no context {wanted}, only {', '.join(sorted(names))}")
    return dict(names[wanted]["context"])


def _object(answer: object) -> Object:
    """The official client gives what the API server said as plain dictionaries."""
    return cast("Object", answer)


def _items(answer: object) -> list[Object]:
    return list(_object(answer)["items"])
