"""What the API server refuses about pods: numbers that contradict each other, and names that are ours.

The expressions use nothing of CEL that is newer than Kubernetes 1.29. They stand on `spec`, because a
contradiction takes two.
"""

from gracefulservice.api.names import GROUP
from gracefulservice.api.schema_words import rule

CONTAINERS = "self.template.spec.containers"
GRACE = "self.template.spec.terminationGracePeriodSeconds"
SLEEP = "c.lifecycle.preStop.sleep.seconds"
HAS_SLEEP = "c.?lifecycle.?preStop.?sleep.hasValue()"
ENDLESS = f"c.?lifecycle.?preStop.hasValue() && !{HAS_SLEEP}"
AUTO = "(self.?shutdown.?delay.orValue('') == 'auto' || self.?shutdown.?drain.orValue('') == 'auto')"
HAS_DELAY = "(self.?shutdown.?delay.orValue('auto') != 'auto')"
TCP = "!has(p.protocol) || p.protocol == 'TCP'"
OUR_PREFIX = f"k.startsWith('{GROUP}/')"


def shutdown(field: str, default: str) -> str:
    """What the user wrote in `shutdown`, or else `default`."""
    return f"self.?shutdown.?{field}.orValue('{default}')"


def milliseconds(duration: str) -> str:
    """Arithmetic is done in whole numbers, because the cost of texts made from numbers is counted as endless."""
    return f"duration({duration}).getMilliseconds()"


WHOLE_SECONDS = f"({milliseconds(shutdown('delay', '10s'))} + 999) / 1000"
DELAY = f"({HAS_SLEEP} ? {SLEEP} : {WHOLE_SECONDS}) * 1000"
MARGIN = milliseconds(shutdown("margin", "5s"))
NEEDED = f"({DELAY} + {milliseconds(shutdown('drain', '1s'))} + {MARGIN})"
ADVISED = f"({DELAY} + {milliseconds(shutdown('drain', '30s'))} + {MARGIN} + 999) / 1000"

AUTO_RULE = rule(
    f"!{AUTO} || !has({GRACE})",
    says="""shutdown.delay or shutdown.drain is auto, but terminationGracePeriodSeconds leaves it no room to follow the
        service: leave terminationGracePeriodSeconds out and it is generated.""",
    field=".template.spec.terminationGracePeriodSeconds",
)
GRACE_RULE = rule(
    f"{AUTO} || !has({GRACE}) || {CONTAINERS}.all(c, {GRACE} * 1000 >= {NEEDED})",
    says="terminationGracePeriodSeconds is shorter than the preStop sleep, drain and margin together.",
    tells=f"""{CONTAINERS}.filter(c, {GRACE} * 1000 < {NEEDED}).map(c,
        'terminationGracePeriodSeconds (%d) is less than %s (%s) + shutdown.drain (%s) + shutdown.margin (%s):
        raise it to %d, or leave it out and it is generated.'.format([{GRACE},
            {HAS_SLEEP} ? 'containers[%s].lifecycle.preStop.sleep.seconds'.format([c.name]) : 'shutdown.delay',
            {HAS_SLEEP} ? dyn({SLEEP}) : dyn({shutdown("delay", "10s")}),
            {shutdown("drain", "at least 1s")}, {shutdown("margin", "5s")}, {ADVISED}]))[0]""",
    field=".template.spec.terminationGracePeriodSeconds",
)
CUT_SHORT = f"{HAS_SLEEP} && {SLEEP} * 1000 < {milliseconds('self.shutdown.delay')}"
SLEEP_RULE = rule(
    f"!{HAS_DELAY} || !{CONTAINERS}.exists(c, {CUT_SHORT})",
    says="A preStop sleep in the template is shorter than shutdown.delay.",
    tells=f"""{CONTAINERS}.filter(c, {CUT_SHORT}).map(c,
        'containers[%s].lifecycle.preStop.sleep.seconds (%d) is less than shutdown.delay (%s):
        keep only one of the two.'.format([c.name, {SLEEP}, self.shutdown.delay]))[0]""",
    field=".template.spec.containers",
)
HOOK_RULE = rule(
    f"{HAS_DELAY} || !{CONTAINERS}.exists(c, {ENDLESS})",
    says="A preStop hook other than sleep needs shutdown.delay, the longest it may take.",
    tells=f"""{CONTAINERS}.filter(c, {ENDLESS}).map(c,
        'containers[%s].lifecycle.preStop takes a time that nobody can tell from outside:
        say the longest it may take in shutdown.delay.'.format([c.name]))[0]""",
    field=".template.spec.containers",
)
SERVING_RULE = rule(
    f"has(self.ports) || {CONTAINERS}.exists(c, has(c.ports) && c.ports.exists(p, {TCP}))",
    says="No port serves: give a container in template.spec.containers a TCP containerPort, or list ports.",
    field=".template.spec.containers",
)
POD_RULES = (AUTO_RULE, GRACE_RULE, SLEEP_RULE, HOOK_RULE, SERVING_RULE)


def ours(field: str) -> dict[str, str]:
    """Keys with our prefix are set by us alone."""
    return rule(
        f"!has(self.{field}) || !self.{field}.exists(k, {OUR_PREFIX})",
        says=f"The prefix {GROUP}/ in {field} is set by the operator alone: remove the keys that begin with it.",
        tells=f"""self.{field}.filter(k, {OUR_PREFIX}).map(k,
            'The prefix {GROUP}/ is set by the operator alone: remove ' + k + '.')[0]""",
        field=f".{field}",
    )
