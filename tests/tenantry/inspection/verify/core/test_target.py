"""The project's facts for the attempts: from the folder of the stack's own tenants."""

from pathlib import Path
from typing import Any, cast

import pytest

from tenantry.fleet.load import PROJECT_TENANTS
from tenantry.inspection.verify.core import target

SERVICE = """
services:
  lanterns:
    display_name: Lanterns
    image: plugin-lanterns
    port: 3999
    health_check: /health
    version: 1.0.0
    required_roles: [tenant_admin]
    rate_limit: 300
    compute: {cpu: 250m, memory: 512Mi, ephemeral_storage: 1Gi}
    pool: 2
"""


@pytest.mark.parametrize("own", [True, False])
def test_the_ports_are_those_of_the_folders_services(tmp_path: Path, own: bool) -> None:
    plugins = cast(Any, target)._plugins
    if own:
        (tmp_path / "services.yaml").write_text(SERVICE)
    assert plugins(tmp_path) == ({"lanterns": 3999} if own else plugins(PROJECT_TENANTS))
    assert plugins(tmp_path)
