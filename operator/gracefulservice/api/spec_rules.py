"""What the API server refuses about a rollout: contradictions, and numbers that nothing can keep.

The expressions use nothing of CEL that is newer than Kubernetes 1.29.
"""

from gracefulservice.api.names import CANARY_SUFFIX, LONGEST_NAME, REVISION_ALPHABET
from gracefulservice.api.quantities import DURATION_PATTERN, PERCENT_PATTERN
from gracefulservice.api.schema_words import cel, rule

NAME_RULES = (
    rule(
        f"""size(self.metadata.name) <= {LONGEST_NAME}
            && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')""",
        says=f"metadata.name: at most {LONGEST_NAME} characters, of a-z, 0-9 and hyphens, the first a letter.",
        tells=f"""'metadata.name (%s, %d characters) is the name of Services too: use at most {LONGEST_NAME}
            characters, of a-z, 0-9 and hyphens, the first one a letter.'
            .format([self.metadata.name, size(self.metadata.name)])""",
        field=".metadata.name",
    ),
    rule(
        f"!self.metadata.name.endsWith('{CANARY_SUFFIX}')",
        says=f"metadata.name ends in {CANARY_SUFFIX}, which names the Service of the new version: choose another.",
        field=".metadata.name",
    ),
    rule(
        f"""!has(self.spec.adopt) || !self.spec.adopt.name.startsWith(self.metadata.name + '-')
            || size(self.spec.adopt.name) != size(self.metadata.name) + 11
            || !self.spec.adopt.name.matches('-[{REVISION_ALPHABET}]{{10}}$')""",
        says="spec.adopt.name is the name of a Deployment that this service itself would make: name another one.",
        field=".spec.adopt.name",
    ),
)

ADOPT_RULE = rule(
    "self.name == oldSelf.name",
    says="spec.adopt.name cannot change, because what was adopted has to be given back: remove spec.adopt first.",
    field=".name",
)

ONE_ROUTE = "Give exactly one: name, of your own HTTPRoute, or parentRefs, for one that is made."
STRAY_HOSTNAMES = "hostnames belong to an HTTPRoute that is made from parentRefs: put them in your own HTTPRoute."
ROUTE_RULES = (
    rule("has(self.name) != has(self.parentRefs)", says=ONE_ROUTE),
    rule("!has(self.hostnames) || has(self.parentRefs)", says=STRAY_HOSTNAMES, field=".hostnames"),
)

ONE_WAY_TO_CLIMB = "Give exactly one: errorBudget, from which the weights follow, or steps."
CANARY_RULE = rule("has(self.errorBudget) != has(self.steps)", says=ONE_WAY_TO_CLIMB)
RISING_RULE = rule(
    "self.map(s, s.weight).isSorted() && self.all(s, self.exists_one(t, t.weight == s.weight))",
    says="The weights of the steps must rise strictly.",
    tells="""'The weights of the steps must rise strictly, but are %s.'.format([self.map(s,
        s.weight == double(int(s.weight)) ? dyn(int(s.weight)) : dyn(s.weight))])""",
)
NO_ERRORS = "A limit of 0% can never be shown to be kept: use 0.01%."
MORE_THAN_HALF = "The limit is more than half of all requests: use 50% or less."
IS_PERCENT = f"self.matches('{cel(PERCENT_PATTERN)}')"
LIMIT_RULES = (
    rule(f"!{IS_PERCENT} || double(self.replace('%', '')) > 0.0", says=NO_ERRORS),
    rule(f"!{IS_PERCENT} || double(self.replace('%', '')) <= 50.0", says=MORE_THAN_HALF),
)


NO_TIME = "A limit of 0s can be kept by nothing: use 1ms or more."
POSITIVE_RULE = rule(f"!self.matches('{DURATION_PATTERN}') || duration(self) > duration('0s')", says=NO_TIME)

QUOTED = r"""\"([^\"\\\\]|\\\\.)*\"|\'([^\'\\\\]|\\\\.)*\'|`[^`]*`"""
"""A label's value in the three ways PromQL quotes."""
PLAIN = rf"^\\s*[a-zA-Z_:]?[a-zA-Z0-9_:]*\\s*(\\{{([^\"\'`{{}}]|{QUOTED})*\\}}\\s*)?$"
CALL = r"[a-zA-Z_][a-zA-Z0-9_]*\\s*((by|without)\\s*\\([^()]*\\)\\s*)?\\("
SELECTOR_RULE = rule(
    f"self.matches('{PLAIN}')",
    says='A counter is a name with an optional selector, like orders_total{result="failed"}.',
    tells=f"""self.matches('{CALL}')
        ? 'The function %s has no place in a counter: give the plain counter, its increase is computed here.'
            .format([self.find('{CALL}').find('[a-zA-Z0-9_]+')])
        : 'This is not a counter: write a name with an optional selector, like orders_total{{result="failed"}}.'""",
)
ONE_PART = "Give exactly one counter besides total: good or bad."
CUSTOM_OBJECTIVE_RULE = rule("has(self.good) != has(self.bad)", says=ONE_PART)
CUSTOM_COUNTERS_RULE = rule(
    "!has(self.good) || !has(self.bad)", says="Give only one of the counters good and bad.", field=".good"
)
METRICS_RULE = rule(
    """self.?source.orValue('app') == 'pods'
        || (self.?source.orValue('app') == 'custom') == has(self.custom)""",
    says="source: custom and the counters in custom go together: give both or neither.",
    field=".source",
)
PODS_UNREAD = "pods says where the pods show their metrics, which only source: pods reads: set it, or remove pods."
ENVOY_UNREAD = (
    "envoy names a cluster of the Envoy in each pod, which only source: envoy reads: set it, or remove envoy."
)
ENVOY_RULE = rule("!has(self.envoy) || self.?source.orValue('app') == 'envoy'", says=ENVOY_UNREAD, field=".envoy")
PODS_RULE = rule("!has(self.pods) || self.?source.orValue('app') == 'pods'", says=PODS_UNREAD, field=".pods")

ONE_SIDE = "Give exactly one threshold: max, or min."
GUARD_RULE = rule("has(self.max) != has(self.min)", says=ONE_SIDE)
GUARD_WORDS = ("canary", "stable", "namespace")
"""What stands for something in the query of a guard, after a dollar sign."""
ONLY_GUARD_WORDS = rf"^([^$]|\$({'|'.join(GUARD_WORDS)})\b|\$\B|\$[0-9])*$"
"""A text without any other such word; `$1` and a dollar sign alone belong to regular expressions."""
GUARD_WORD = r"\$[a-zA-Z_][a-zA-Z0-9_]*"
UNKNOWN_WORD = "%s stands for nothing: the words are $canary, $stable and $namespace."
QUERY_RULE = rule(
    f"self.matches('{cel(ONLY_GUARD_WORDS)}')",
    says=UNKNOWN_WORD % "Another word with a dollar sign in this query",
)
GUARDS_UNREAD = (
    "objectives.guards are queries to a Prometheus and metrics.source: pods asks none: "
    "remove the guards, or choose another metrics.source."
)

REPLICAS_WITHOUT_ROUTE = (
    "Without traffic.routes the weight is the share of the pods, so steps cannot set replicas: "
    "remove replicas from the steps, or name a route."
)
ADOPTED_CONFIG = (
    "spec.config and spec.adopt do not go together: remove config, or remove adopt, after which the Deployment is not "
    "given back."
)
START_AFTER_DEADLINE = (
    "probes.startup.within (%s) is longer than rollout.progressDeadline (%s), "
    "which would end a start that is still allowed: raise the deadline."
)
SPEC_RULES = (
    rule(
        """!self.?metrics.?custom.hasValue() || !self.?objectives.?errorRate.hasValue()
            || has(self.metrics.custom.good) || has(self.metrics.custom.bad)""",
        says="objectives.errorRate with metrics.source custom needs metrics.custom.bad or metrics.custom.good.",
        field=".metrics.custom",
    ),
    rule(
        """!self.?metrics.?custom.hasValue() || !self.?objectives.?latency.hasValue()
            || has(self.metrics.custom.buckets)""",
        says="objectives.latency with metrics.source custom needs metrics.custom.buckets.",
        field=".metrics.custom",
    ),
    rule(
        "!has(self.adopt) || !has(self.config) || size(self.config) == 0",
        says=ADOPTED_CONFIG,
        field=".config",
    ),
    rule(
        """self.?metrics.?source.orValue('app') != 'pods' || !self.?objectives.?guards.hasValue()
            || size(self.objectives.guards) == 0""",
        says=GUARDS_UNREAD,
        field=".objectives.guards",
    ),
    rule(
        """self.?traffic.?routes.hasValue() && size(self.traffic.routes) > 0
            || !self.?rollout.?canary.?steps.hasValue()
            || !self.rollout.canary.steps.exists(s, has(s.replicas))""",
        says=REPLICAS_WITHOUT_ROUTE,
        field=".rollout.canary.steps",
    ),
    rule(
        """!self.?probes.?startup.?within.hasValue() || !self.?rollout.?progressDeadline.hasValue()
            || duration(self.probes.startup.within) <= duration(self.rollout.progressDeadline)""",
        says="probes.startup.within is longer than rollout.progressDeadline.",
        tells=f"'{START_AFTER_DEADLINE}'.format([self.probes.startup.within, self.rollout.progressDeadline])",
        field=".rollout.progressDeadline",
    ),
)
