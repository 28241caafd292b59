"""The catalogue of plug-in services that a tenant may enable, read from tenants/services.yaml."""

from typing import Annotated, Final, Literal

from pydantic import Field

from tenantry.spec.fields import AsTuple, Bytes, Cpu, Digest, DisplayName, Image, Slug, UniqueItems, UrlPath, Version
from tenantry.spec.tenant import Strict

SERVICES_FILE: Final = "services.yaml"


REPLICAS: Final = 1  # of every service
PODS_AT_ONCE: Final = REPLICAS + 1  # and the next, while one is replaced


class ServiceCompute(Strict):
    """Resources of the service's one container: requests equal limits."""

    cpu: Cpu
    memory: Bytes
    ephemeral_storage: Bytes


class Service(Strict):
    display_name: DisplayName
    image: Image  # below the registry that the stack configures
    port: Annotated[int, Field(ge=1024, le=65535)]  # containers run without the right to lower ones
    health_check: UrlPath
    version: Version  # the image's tag
    digest: Digest | None = None  # of the image, so that nobody can put another under the same tag
    required_roles: Annotated[
        tuple[Literal["super_admin", "tenant_admin", "user"], ...], Field(min_length=1), AsTuple, UniqueItems
    ]
    rate_limit: Annotated[int, Field(ge=1, le=1_000_000)]  # calls a minute and tenant
    compute: ServiceCompute
    pool: Annotated[int, Field(ge=1, le=100)]  # connections to the tenant's database that one container opens

    @property
    def reference(self) -> str:
        """The image as Kubernetes wants it, below the registry."""
        return f"{self.image}:{self.version}" + (f"@{self.digest}" if self.digest else "")


class Services(Strict):
    services: dict[Slug, Service]

    def __contains__(self, name: str) -> bool:
        return name in self.services

    def __getitem__(self, name: str) -> Service:
        return self.services[name]
