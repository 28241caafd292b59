"""The provider: which resource a call is about, and what the engine wants of it."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from pulumi.provider.experimental import provider as api

from provider.errors import ResourceFailure, retry
from provider.resources import RESOURCES, Resource
from provider.systems.connections import Connections
from provider.values import UNKNOWN, Properties, merged, plain, plain_all, sealed

PACKAGE: Final = "tenantry"
VERSION: Final = "0.1.0"
# Steps at once, and so sessions with the database server; the engine may ask for more, they wait.
THREADS: Final = 16

T = TypeVar("T")


class StepsProvider(api.Provider):
    """Check and Diff are answered in server.py without coming here; the rest runs in threads, as the drivers block."""

    def __init__(self, resources: tuple[Resource, ...] = RESOURCES) -> None:
        self._resources = {f"{PACKAGE}:index:{resource.name}": resource for resource in resources}
        self._connections = Connections()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="step")

    def resource(self, urn: str) -> Resource:
        """The last part of the URN's chain of types decides; the parents before it do not matter."""
        token = urn.split("::")[2].rsplit("$", 1)[-1]
        try:
            return self._resources[token]
        except KeyError:
            known = ", ".join(sorted(self._resources))
            raise ResourceFailure(f"there is no resource {token}", f"use one of {known}") from None

    async def get_schema(self, request: api.GetSchemaRequest) -> api.GetSchemaResponse:
        return api.GetSchemaResponse(json.dumps(schema(self._resources)))

    async def configure(self, request: api.ConfigureRequest) -> api.ConfigureResponse:
        settings = plain_all(request.args)
        self._connections = Connections(settings.get("postgresql"), settings.get("alibaba"))
        return api.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def create(self, request: api.CreateRequest) -> api.CreateResponse:
        resource = self.resource(request.urn)
        if request.preview:
            return api.CreateResponse("", request.properties | dict.fromkeys(resource.computed, UNKNOWN))
        inputs = plain_all(request.properties)
        identity = resource.identity(inputs)
        made = await self._run(resource, identity, lambda at: resource.apply(at, inputs, {}))
        return api.CreateResponse(identity, sealed(merged(made, request.properties), resource.secret))

    async def update(self, request: api.UpdateRequest) -> api.UpdateResponse:
        resource = self.resource(request.urn)
        if request.preview:
            return api.UpdateResponse(request.news | dict.fromkeys(resource.computed, UNKNOWN))
        inputs, before = plain_all(request.news), plain_all(request.olds)
        made = await self._run(resource, request.resource_id, lambda at: resource.apply(at, inputs, before))
        return api.UpdateResponse(sealed(merged(made, request.news), resource.secret))

    async def read(self, request: api.ReadRequest) -> api.ReadResponse:
        resource = self.resource(request.urn)
        before = request.inputs | request.properties
        state = {key: plain(value) for key, value in before.items() if key in resource.inputs}
        live = await self._run(
            resource, request.resource_id, lambda at: resource.observe(at, request.resource_id, state)
        )
        if live is None:
            return api.ReadResponse("", {}, {})
        kept = {key: before[key] for key in resource.secret if key in before}
        properties = sealed(merged(live, before) | kept, resource.secret)
        # The inputs stay as they were declared: what differs is drift, for the next update to repair.
        inputs: Properties = request.inputs or {key: properties[key] for key in resource.inputs if key in properties}
        return api.ReadResponse(request.resource_id, properties, inputs)

    async def delete(self, request: api.DeleteRequest) -> None:
        resource = self.resource(request.urn)
        state = plain_all(request.properties)
        await self._run(resource, request.resource_id, lambda at: resource.remove(at, state))

    async def cancel(self) -> None:
        await asyncio.to_thread(self._connections.cancel)

    async def _run(self, resource: Resource, identity: str, action: Callable[[Connections], T]) -> T:
        at = self._connections
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: retry(lambda: action(at)))
        except ResourceFailure as failure:
            failure.subject = f"{resource.name} {identity}"
            raise


def schema(resources: dict[str, Resource]) -> dict[str, Any]:
    """Enough for tools that ask a plugin what it offers; our own SDK is components/shared/provider_resources.py."""
    kinds: dict[str, dict[str, Any]] = {
        "string": {"type": "string"},
        "number": {"type": "number"},
        "list": {"type": "array", "items": {"type": "string"}},
        "object": {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}},
    }
    return {
        "name": PACKAGE,
        "version": VERSION,
        "provider": {
            "inputProperties": {name: {"type": "string", "secret": True} for name in ("postgresql", "alibaba")}
        },
        "resources": {
            token: {
                "description": (type(resource).__doc__ or "").strip(),
                "inputProperties": {name: kinds[kind] for name, kind in resource.inputs.items()},
                "requiredInputs": sorted(set(resource.inputs) - resource.optional),
                "properties": {name: kinds[kind] for name, kind in resource.inputs.items()},
            }
            for token, resource in resources.items()
        },
    }
