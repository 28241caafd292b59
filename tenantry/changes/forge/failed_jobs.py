"""`python -m tenantry.changes.forge.failed_jobs`: exit 1 where a job of this run of a workflow has failed already.

A matrix of GitHub either goes on behind a job that fails, or cancels those that run beside it: no run on a stack may be
cancelled, so each asks before it begins. Needs GITHUB_TOKEN with `actions: read`, and a workflow's own variables.
"""

import os
import sys

from tenantry.changes.forge.forge_api import needed
from tenantry.changes.forge.github_runs import Runs
from tenantry.engine.errors import CommandError


def main() -> int:
    try:
        runs = Runs.of_workflow(os.environ)
        attempt = needed(os.environ, "GITHUB_RUN_ATTEMPT")
        failed = runs.failed_jobs(int(needed(os.environ, "GITHUB_RUN_ID")), int(attempt))
    except CommandError as error:
        print(f"::error::{error}")
        return 1
    for name in failed:
        print(f"::error::left out, as `{name}` has failed; mend it, then: Re-run failed jobs")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
