"""All checks, in the order in which they are shown."""

from typing import Final

from tenantry.inspection.doctor import configuration_checks, system_checks

CHECKS: Final = (*configuration_checks.CHECKS, *system_checks.CHECKS)
