"""OIDC identity providers (IMS)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from local.alibaba.clock import iso
from local.alibaba.http.errors import RpcError
from local.alibaba.rpc.ram_roles import paged
from local.alibaba.rpc.registry import Answer, RpcCall, action
from local.alibaba.state.ram_models import ImsProvider

NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")
MAX_PROVIDERS, MAX_CLIENT_IDS, MAX_FINGERPRINTS = 100, 50, 5
PROVIDER = "oidc-provider/{OIDCProviderName}"


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def find_provider(call: RpcCall, name: str) -> ImsProvider:
    provider = call.identities.providers.get(name)
    if provider is None:
        raise RpcError(404, "EntityNotExist.OIDCProvider", f"The OIDC provider not exists: {name} .")
    return provider


def _shown(call: RpcCall, provider: ImsProvider) -> Answer:
    kept = provider.ram
    # None is told by leaving the field out: the Terraform provider would read an empty text as one empty fingerprint.
    fingerprints = {"Fingerprints": ",".join(kept["fingerprints"])} if kept["fingerprints"] else {}
    return {
        "OIDCProvider": {
            **fingerprints,
            "OIDCProviderName": kept["name"],
            "Arn": call.identities.provider_arn(kept["name"]),
            "IssuerUrl": kept["issuer"],
            "Description": kept["description"],
            "IssuanceLimitTime": kept["limit"],
            "ClientIds": ",".join(kept["client_ids"]),
            "CreateDate": iso(kept["created"]),
            "UpdateDate": iso(kept["updated"]),
            "GmtCreate": iso(kept["created"]),
            "GmtModified": iso(kept["updated"]),
        }
    }


def _check(kept: Answer) -> Answer:
    if len(kept["client_ids"]) > MAX_CLIENT_IDS:
        raise RpcError(409, "LimitExceeded.OIDCProvider.ClientId", f"More than {MAX_CLIENT_IDS} client ids.")
    if len(kept["fingerprints"]) > MAX_FINGERPRINTS:
        raise RpcError(409, "LimitExceeded.OIDCProvider.Fingerprint", f"More than {MAX_FINGERPRINTS} fingerprints.")
    if not 1 <= kept["limit"] <= 168:
        raise RpcError(400, "InvalidParameter.OIDCProvider.IssuanceLimitTime", "1 to 168 hours are allowed.")
    return kept


def _save(call: RpcCall, provider: ImsProvider, **changes: object) -> Answer:
    kept = _check({**provider.ram, **changes, "updated": call.clock.now()})
    call.identities.delete_provider(kept["name"])
    return _shown(call, call.identities.save_provider(kept))


@action("ims", "CreateOIDCProvider", PROVIDER)
def create(call: RpcCall) -> Answer:
    name, issuer = call.need("OIDCProviderName"), call.need("IssuerUrl")
    if not NAME.fullmatch(name):
        raise RpcError(400, "InvalidParameter.OIDCProvider.OIDCProviderName", "OIDCProviderName is invalid.")
    if urlsplit(issuer).scheme != "https" or not urlsplit(issuer).hostname or len(issuer) > 255:
        raise RpcError(400, "InvalidParameter.OIDCProvider.IssuerUrl", "The issuer must be an https URL.")
    if name in call.identities.providers:
        raise RpcError(409, "EntityAlreadyExists.OIDCProvider", f"The OIDC provider already exists : {name} .")
    if len(call.identities.providers) >= MAX_PROVIDERS:
        raise RpcError(409, "LimitExceeded.OIDCProvider", f"More than {MAX_PROVIDERS} OIDC providers.")
    now = call.clock.now()
    kept = _check(
        {
            "name": name,
            "issuer": issuer,
            "description": call.get("Description"),
            "created": now,
            "updated": now,
            "client_ids": _list(call.get("ClientIds")),
            "fingerprints": _list(call.get("Fingerprints")),
            "limit": call.number("IssuanceLimitTime", 12),
        }
    )
    return _shown(call, call.identities.save_provider(kept))


@action("ims", "GetOIDCProvider", PROVIDER)
def get(call: RpcCall) -> Answer:
    return _shown(call, find_provider(call, call.need("OIDCProviderName")))


@action("ims", "ListOIDCProviders", "oidc-provider/*")
def list_providers(call: RpcCall) -> Answer:
    shown = [_shown(call, provider)["OIDCProvider"] for _, provider in sorted(call.identities.providers.items())]
    page, marker = paged(call, shown)
    return {"OIDCProviders": {"OIDCProvider": page}, **marker}


@action("ims", "UpdateOIDCProvider", PROVIDER)
def update(call: RpcCall) -> Answer:
    provider = find_provider(call, call.need("OIDCProviderName"))
    changes: Answer = {}
    if "NewDescription" in call.params:
        changes["description"] = call.get("NewDescription")
    if call.get("IssuanceLimitTime"):
        changes["limit"] = call.number("IssuanceLimitTime", 12)
    if "ClientIds" in call.params:
        changes["client_ids"] = _list(call.get("ClientIds"))
    return _save(call, provider, **changes)


@action("ims", "AddClientIdToOIDCProvider", PROVIDER)
def add_client_id(call: RpcCall) -> Answer:
    provider = find_provider(call, call.need("OIDCProviderName"))
    return _save(call, provider, client_ids=[*dict.fromkeys([*provider.ram["client_ids"], call.need("ClientId")])])


@action("ims", "RemoveClientIdFromOIDCProvider", PROVIDER)
def remove_client_id(call: RpcCall) -> Answer:
    provider, gone = find_provider(call, call.need("OIDCProviderName")), call.need("ClientId")
    return _save(call, provider, client_ids=[c for c in provider.ram["client_ids"] if c != gone])


@action("ims", "AddFingerprintToOIDCProvider", PROVIDER)
def add_fingerprint(call: RpcCall) -> Answer:
    provider = find_provider(call, call.need("OIDCProviderName"))
    prints = [*dict.fromkeys([*provider.ram["fingerprints"], call.need("Fingerprint")])]
    return _save(call, provider, fingerprints=prints)


@action("ims", "RemoveFingerprintFromOIDCProvider", PROVIDER)
def remove_fingerprint(call: RpcCall) -> Answer:
    provider, gone = find_provider(call, call.need("OIDCProviderName")), call.need("Fingerprint")
    return _save(call, provider, fingerprints=[f for f in provider.ram["fingerprints"] if f != gone])


@action("ims", "DeleteOIDCProvider", PROVIDER)
def delete(call: RpcCall) -> Answer:
    find_provider(call, call.need("OIDCProviderName"))
    call.identities.delete_provider(call.need("OIDCProviderName"))
    return {}
