"""The few questions to Alibaba Cloud of a recovery, and of a purge's end, that neither state nor provider answers."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tenantry.engine.errors import CommandError
from tenantry.engine.process.pulumi_cli import Cli
from tenantry.engine.stack.stack_connection import environment_of_program, given
from tenantry.parsing.json_narrowing import Tree, mapping, sequence

_TIMEOUT_SECONDS = 10
_REGION = "cn-hangzhou"  # only signs: the services asked here know no regions
VARIABLES: Final = {"alibabaAccessKey": "ALICLOUD_ACCESS_KEY", "alibabaSecretKey": "ALICLOUD_SECRET_KEY"}


def keys_of(cli: Cli, stack: str) -> Mapping[str, str]:
    """The environment to `call` in: with the key of the stack's program, never one that a shell happens to hold.

    With another account's key a recovery would find nothing of what it looks for. Raises Refusal when none is set.
    """
    keys = given(cli, stack, VARIABLES)
    if missing := [key for key, value in keys.items() if not value]:
        raise CommandError(
            f"the stack `{stack}` does not say with which key Alibaba Cloud is asked: {', '.join(missing)}",
            f"`pulumi config set --secret tenantry:{missing[0]} --stack {stack}`",
        )
    return {**environment_of_program(cli, stack), **{VARIABLES[key]: value for key, value in keys.items()}}


def listed(
    service: tuple[str, str],
    action: str,
    entries: tuple[str, str],
    parameters: Mapping[str, object],
    env: Mapping[str, str],
) -> Iterator[Tree]:
    """The entries of all pages of a listing of RAM or IMS, which mark where the next page begins.

    `service` is host and version, `entries` the list in the answer and the kind in it, such as `Roles`, `Role`. Raises
    OSError without an answer.
    """
    marker: dict[str, object] = {}
    while True:
        answer = call(*service, action, {**parameters, **marker}, env)
        yield from map(mapping, sequence(mapping(answer.get(entries[0])).get(entries[1])))
        if not answer.get("IsTruncated") or not answer.get("Marker"):
            return
        marker = {"Marker": answer["Marker"]}


def call(host: str, version: str, action: str, parameters: Mapping[str, object], env: Mapping[str, str]) -> Tree:
    """The answer of one RPC call with the environment's key. Raises OSError without one, naming no secret."""
    # Imported here: half a second that only an interrupted record is worth. The SDK has no type information.
    from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException  # pyright: ignore
    from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential  # pyright: ignore
    from aliyunsdkcore.client import AcsClient  # pyright: ignore
    from aliyunsdkcore.request import CommonRequest  # pyright: ignore

    key, secret = env.get("ALICLOUD_ACCESS_KEY"), env.get("ALICLOUD_SECRET_KEY")
    if not key or not secret:
        raise OSError("ALICLOUD_ACCESS_KEY and ALICLOUD_SECRET_KEY are not both set")
    token = env.get("ALICLOUD_SECURITY_TOKEN")
    proxy = env.get("TENANTRY_ALIBABA_PROXY")
    client: Any = AcsClient(
        region_id=_REGION,
        credential=StsTokenCredential(key, secret, token) if token else AccessKeyCredential(key, secret),
        timeout=_TIMEOUT_SECONDS,
        connect_timeout=_TIMEOUT_SECONDS,
        proxy={"http": proxy} if proxy else None,
    )
    request: Any = CommonRequest(domain=host, version=version, action_name=action)
    request.set_protocol_type("http" if proxy else "https")  # the stand-in is a plain forward proxy
    request.set_method("POST")
    for name, value in parameters.items():
        request.add_query_param(name, value)
    try:
        return mapping(json.loads(client.do_action_with_exception(request)))
    except (ServerException, ClientException) as error:
        code: str = error.get_error_code()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        raise OSError(f"{host} does not answer {action}: {code}") from error
