"""`python -m tests.support.build`: everything that a run of the tests needs built, into the cache."""

import sys

from local.instances import manager
from local.instances.instance import Instance
from local.instances.service import ServiceFailed
from tests.support.monitoring.alertmanager import ALERTMANAGER
from tests.support.monitoring.promtool import PROMETHEUS

if __name__ == "__main__":
    try:
        manager.build(Instance.here())
    except ServiceFailed as failure:
        sys.exit(str(failure))
    for tools in (PROMETHEUS, ALERTMANAGER):
        tools.build()
