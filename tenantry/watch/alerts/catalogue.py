"""All rules, and the document that Prometheus is given of them.

`python -m tenantry.watch.alerts.catalogue` prints it as JSON, which Prometheus and promtool read as YAML.
"""

import json
import sys
from typing import Any, Final

from tenantry.watch.alerts.cluster import CLUSTER
from tenantry.watch.alerts.model import RUNBOOKS, Alert, Recording
from tenantry.watch.alerts.operations import OPERATIONS
from tenantry.watch.alerts.site import SITE
from tenantry.watch.alerts.traffic import TRAFFIC
from tenantry.watch.alerts.usage import USAGE

INTERVAL: Final = "30s"
# One group: what it joins with is worked out before, in the same moment. Two would be evaluated in any order.
RULES: Final = (*USAGE, *TRAFFIC, *CLUSTER, *OPERATIONS, *SITE)
ALERTS: Final = tuple(rule for rule in RULES if isinstance(rule, Alert))


def rules_document(runbooks: str = RUNBOOKS) -> dict[str, Any]:
    """The spec of a PrometheusRule, and the content of a rule file. `runbooks` is where the pages can be read."""
    place = runbooks.rstrip("/")
    rules = [rule.as_rule() if isinstance(rule, Recording) else rule.as_rule(place) for rule in RULES]
    return {"groups": [{"name": "tenantry", "interval": INTERVAL, "rules": rules}]}


if __name__ == "__main__":
    json.dump(rules_document(*sys.argv[1:2]), sys.stdout, indent=1)
