"""The plugin's gRPC server.

The SDK's servicer does the conversions; two things are ours. Check and Diff come for every resource at every run, so
they look at the messages as they are: converting a tenant's settings to values and back would take longer than all
else. And an error is told as one sentence; the SDK would add our stack.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Iterator, Mapping
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf import struct_pb2
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime import proto, rpc
from pulumi.runtime.proto import provider_pb2_grpc

from provider.errors import ResourceFailure
from provider.provider import VERSION, StepsProvider
from provider.resources import Resource
from provider.values import wrapped
from tenantry.engine.stack.shell_variables import forget_libpq

MESSAGE_BYTES: Final = 400 * 1024 * 1024  # as the engine and the SDKs
MARK: Final = "4dabf18193072939515e22adb298388d"  # Pulumi's documented key by which a value says that it wraps one
FIELDS: Final = {"string": "string_value", "number": "number_value", "list": "list_value", "object": "struct_value"}


class Servicer(ProviderServicer):
    def __init__(self, steps: StepsProvider, engine: str) -> None:
        super().__init__([], VERSION, steps, engine_address=engine)
        self._steps = steps

    async def Check(self, request: proto.CheckRequest, context: Any) -> proto.CheckResponse:
        resource = await self._told(context, self._resource(request.urn))
        return proto.CheckResponse(inputs=request.news, failures=list(faults(resource, request.news.fields)))

    async def Diff(self, request: proto.DiffRequest, context: Any) -> proto.DiffResponse:
        resource = await self._told(context, self._resource(request.urn))
        changed = changes(resource, request.olds.fields, request.news.fields, set(request.ignoreChanges))
        replaced = sorted(resource.identifying.intersection(changed))
        return proto.DiffResponse(
            changes=proto.DiffResponse.DIFF_SOME if changed else proto.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=replaced,
            hasDetailedDiff=True,
            detailedDiff={
                name: proto.PropertyDiff(
                    kind=proto.PropertyDiff.UPDATE_REPLACE if name in replaced else proto.PropertyDiff.UPDATE
                )
                for name in changed
            },
        )

    async def DiffConfig(self, request: proto.DiffRequest, context: Any) -> proto.DiffResponse:
        """New connections serve the same resources: a provider is updated, never replaced."""
        same = request.olds == request.news
        return proto.DiffResponse(changes=proto.DiffResponse.DIFF_NONE if same else proto.DiffResponse.DIFF_SOME)

    async def Create(self, request: proto.CreateRequest, context: Any) -> Any:
        return await self._told(context, super().Create(request, context))  # pyright: ignore[reportUnknownMemberType] - partly typed SDK

    async def Update(self, request: proto.UpdateRequest, context: Any) -> Any:
        return await self._told(context, super().Update(request, context))  # pyright: ignore[reportUnknownMemberType] - partly typed SDK

    async def Read(self, request: proto.ReadRequest, context: Any) -> Any:
        return await self._told(context, super().Read(request, context))  # pyright: ignore[reportUnknownMemberType] - partly typed SDK

    async def Delete(self, request: proto.DeleteRequest, context: Any) -> Any:
        return await self._told(context, super().Delete(request, context))  # pyright: ignore[reportUnknownMemberType] - partly typed SDK

    async def _resource(self, urn: str) -> Resource:
        return self._steps.resource(urn)

    async def _told(self, context: Any, call: Awaitable[Any]) -> Any:
        """A Failure as the message that it is; the SDK hides it behind an exception with our stack."""
        try:
            return await call
        except Exception as error:
            failure = error if isinstance(error, ResourceFailure) else error.__context__
            if isinstance(failure, ResourceFailure):
                await context.abort(grpc.StatusCode.UNKNOWN, str(failure))
            raise


Fields = Mapping[str, struct_pb2.Value]


def bare(value: struct_pb2.Value) -> struct_pb2.Value:
    """Without the wrapper of a secret."""
    fields = value.struct_value.fields
    return fields["value"] if MARK in fields and "value" in fields else value


def faults(resource: Resource, given: Fields) -> Iterator[proto.CheckFailure]:
    """Inputs that are missing, unknown to the resource, or of the wrong kind; one that is not known yet may be any."""
    for name, kind in resource.inputs.items():
        if name not in given:
            if name not in resource.optional:
                yield proto.CheckFailure(property=name, reason="is missing: give it a value")
            continue
        value = bare(given[name])
        if value.WhichOneof("kind") != FIELDS[kind] and value.string_value != rpc.UNKNOWN:
            yield proto.CheckFailure(property=name, reason=f"is no {kind}: give it one")
    for name in sorted(set(given) - set(resource.inputs)):
        if not name.startswith("__"):  # the engine's own
            yield proto.CheckFailure(property=name, reason=f"is no input of {resource.name}: leave it out")


def changes(resource: Resource, old: Fields, new: Fields, ignored: set[str]) -> list[str]:
    """Inputs that differ from the state, and computed values that a refresh found to be wrong."""
    changed = [name for name in resource.inputs if _value(old, name) != _value(new, name)]
    changed += [name for name, right in resource.sound.items() if _value(old, name) != wrapped(right).marshal()]
    return sorted(set(changed) - ignored)


def _value(fields: Fields, name: str) -> struct_pb2.Value | None:
    # Looking a name up in a map of messages would add it.
    return fields[name] if name in fields else None  # noqa: SIM401


async def serve(engine: str) -> None:
    """Print the port, as the engine expects, and answer until the process is ended."""
    server = grpc.aio.server(
        options=[("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(StepsProvider(), engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


def main() -> None:
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if not arguments:
        sys.exit("usage: provider ENGINE_ADDRESS (the engine starts it)")
    forget_libpq(os.environ)
    asyncio.run(serve(arguments[-1]))
