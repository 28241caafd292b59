"""Actions by product: each names the resource that a RAM user needs a right on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.alibaba.auth.oidc import TokenVerifier
from local.alibaba.auth.principal import Principal
from local.alibaba.clock import Clock
from local.alibaba.http.errors import RpcError
from local.alibaba.http.messages import Request
from local.alibaba.state.domains import Domains
from local.alibaba.state.identities import Identities

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RpcCall:
    """The argument of an action's function; `principal` is None for the one unsigned action, AssumeRoleWithOIDC."""

    params: Mapping[str, str]
    principal: Principal | None
    account: str
    identities: Identities
    domains: Domains
    verifier: TokenVerifier
    clock: Clock
    request: Request

    def need(self, name: str) -> str:
        value = self.params.get(name, "")
        if not value:
            raise RpcError(400, f"Missing{name}", f"{name} is mandatory for this action.")
        return value

    def get(self, name: str, default: str = "") -> str:
        return self.params.get(name, default)

    def number(self, name: str, default: int) -> int:
        text = self.params.get(name) or str(default)
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise RpcError(400, f"InvalidParameter.{name}", f"The parameter {name} must be an integer.")
        return int(text)


Function = Callable[[RpcCall], Answer]


@dataclass(frozen=True, slots=True)
class Action:
    """`resources` are templates over the parameters, each of which needs a right; `open` actions need none."""

    function: Function
    resources: tuple[str, ...]
    open: bool = False


ACTIONS: dict[tuple[str, str], Action] = {}
VERSIONS = {
    "2015-05-01": "ram",
    "2019-08-15": "ims",
    "2015-04-01": "sts",
    "2015-01-09": "alidns",
    "2017-12-14": "bssopenapi",
    "2015-06-12": "location",
}


def action(product: str, name: str, *resources: str, anyone: bool = False) -> Callable[[Function], Function]:
    """Register a function as an action of a product; without resources it is one on `*`."""

    def register(function: Function) -> Function:
        ACTIONS[(product, name)] = Action(function, resources or ("*",), anyone)
        return function

    return register
