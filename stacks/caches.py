"""Each tenant's own way into the shared cache: a user of its own, whom the server's ACL binds to a key prefix."""

import json
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

import pulumi

from stacks.settings import PROJECT, SHARED_CACHE
from tenantry.names import is_code

SCHEMES: Final = ("redis", "rediss")


def read_caches(config: pulumi.Config, urls: pulumi.Output[str] | None) -> Mapping[str, pulumi.Output[str]]:
    """Code -> URL, of the tenants that have one. `urls` is the secret; in clear it is looked at here alone.

    Raises RunError for a cache that tenants share by one credential. No message repeats a URL.
    """
    if config.get(SHARED_CACHE):
        raise pulumi.RunError(
            f"{PROJECT}:{SHARED_CACHE} is one credential for all tenants: give each an ACL user called like its code, "
            f'bound to the keys ~CODE:*, and set {{"CODE": "redis://CODE:PASSWORD@HOST/0"}} as {PROJECT}:redisUrls'
        )
    if urls is None:
        return {}
    caches = _parsed(config.get("redisUrls") or "")
    for code, url in caches.items():
        if not _is_own(url, code):
            raise pulumi.RunError(
                f"{PROJECT}:redisUrls: {code}'s is no redis://{code}:PASSWORD@HOST/0 (escape the password as in URLs)"
            )
    if len({urlsplit(url).password for url in caches.values()}) < len(caches):
        raise pulumi.RunError(f"{PROJECT}:redisUrls: two tenants have one password")
    return {code: pulumi.Output.secret(url) for code, url in caches.items()}


def _is_own(url: str, code: str) -> bool:
    try:
        address = urlsplit(url)
        return (
            address.scheme in SCHEMES and address.username == code and bool(address.password) and bool(address.hostname)
        )
    except ValueError:  # its message holds a part of the URL
        return False


def _parsed(text: str) -> dict[str, str]:
    try:
        document: Any = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise pulumi.RunError(f"{PROJECT}:redisUrls is no JSON object of tenants' codes and URLs")
    entries = cast(dict[str, Any], document)
    if not all(is_code(code) and isinstance(url, str) for code, url in entries.items()):
        raise pulumi.RunError(f"{PROJECT}:redisUrls holds something else than tenants' codes and URLs")
    return entries
