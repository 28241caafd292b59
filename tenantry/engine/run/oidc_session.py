"""Runs one command with a session of a RAM role, had for the job's OIDC token: no standing key in a forge's settings.

    python -m tenantry.engine.run.oidc_session tenantry up --stack prod

The session reaches that command alone, as the AWS_* variables by which the engine opens a state in OSS
(`s3://`, docs/pull-requests.md). Without TENANTRY_ROLE_ARN the command runs with what the environment has.
AssumeRoleWithOIDC: https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from tenantry.parsing.faults import printable

_TIMEOUT_SECONDS: Final = 30
_AUDIENCE: Final = "sts.aliyuncs.com"
_STS: Final = "https://sts.aliyuncs.com/"
_TOKEN: Final = "TENANTRY_ID_TOKEN"  # noqa: S105  (the variable's name)
_TOKEN_FILE: Final = "TENANTRY_ID_TOKEN_FILE"  # noqa: S105  (the same)
_REQUEST: Final = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")


class NoSession(Exception):
    """Says why, with a remedy, and never the token."""


def environment(given: Mapping[str, str], sts: str = _STS) -> dict[str, str]:
    """`given` with the session's keys, and without what another session could be had with. Raises NoSession."""
    kept = {name: value for name, value in given.items() if name not in (_TOKEN, *_REQUEST)}
    role = given.get("TENANTRY_ROLE_ARN")
    if not role:
        return kept
    keys = _session(given, role, sts)
    try:
        return kept | {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["AccessKeySecret"],
            "AWS_SESSION_TOKEN": keys["SecurityToken"],
        }
    except (KeyError, TypeError):
        raise NoSession("STS answered without credentials: look at its status page") from None


def with_pod_session(given: Mapping[str, str], sts: str = _STS) -> dict[str, str]:
    """`given` with the keys of the role that a pod of ours takes by its projected token (RRSA); unchanged without one.

    One session for all that the command does: its length is TENANTRY_ROLE_SECONDS. Raises NoSession.
    """
    role, file = given.get("TENANTRY_ROLE_ARN"), given.get(_TOKEN_FILE)
    if not role or not file:
        return dict(given)
    try:
        token = Path(file).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise NoSession(
            f"{_TOKEN_FILE} names {file}, which cannot be read ({type(error).__name__}): mount the projected token"
        ) from None
    keys = _session({**given, _TOKEN: token}, role, sts)
    try:
        return dict(given) | {
            "ALICLOUD_ACCESS_KEY": keys["AccessKeyId"],
            "ALICLOUD_SECRET_KEY": keys["AccessKeySecret"],
            "ALICLOUD_SECURITY_TOKEN": keys["SecurityToken"],
        }
    except (KeyError, TypeError):
        raise NoSession("STS answered without credentials: look at its status page") from None


def _session(given: Mapping[str, str], role: str, sts: str) -> Any:
    provider = given.get("TENANTRY_OIDC_PROVIDER_ARN")
    if not provider:
        raise NoSession("TENANTRY_ROLE_ARN without TENANTRY_OIDC_PROVIDER_ARN: name the RAM identity provider too")
    form = {
        "Action": "AssumeRoleWithOIDC",
        "Version": "2015-04-01",
        "Format": "JSON",
        "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SignatureNonce": uuid.uuid4().hex,
        "RoleArn": role,
        "OIDCProviderArn": provider,
        "OIDCToken": _token(given),
        "RoleSessionName": "tenantry",
        "DurationSeconds": given.get("TENANTRY_ROLE_SECONDS") or "3600",
    }
    request = urllib.request.Request(sts, urllib.parse.urlencode(form).encode())  # noqa: S310  (https but in tests)
    return _answer(request, f"STS gives no session of {role}", "compare the role's trust policy with the job").get(
        "Credentials"
    )


def _token(given: Mapping[str, str]) -> str:
    """GitLab puts it into a variable; GitHub hands it out to a job with `id-token: write`."""
    if token := given.get(_TOKEN):
        return token
    url, bearer = (given.get(name) for name in _REQUEST)
    if not url or not bearer:
        raise NoSession(
            f"no OIDC token: give the job `permissions: {{id-token: write}}`, in GitLab `id_tokens: {_TOKEN}`"
        )
    asked = urllib.request.Request(  # noqa: S310  (the runner's own address)
        f"{url}&audience={_AUDIENCE}", headers={"Authorization": f"bearer {bearer}"}
    )
    return str(_answer(asked, "the forge gives no OIDC token", "run the job again").get("value"))


def _answer(request: urllib.request.Request, problem: str, remedy: str) -> dict[str, Any]:
    """The answer; of an error its code alone, as the message may repeat what was sent."""
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            why = str(json.load(error)["Code"])
        except (ValueError, KeyError, TypeError):
            why = str(error.code)
    except (OSError, ValueError) as error:
        why = str(getattr(error, "reason", "") or type(error).__name__)
    raise NoSession(f"{problem} ({printable(why)}): {remedy}")


def main(command: Sequence[str]) -> NoReturn:
    if not command:
        sys.exit("name the command to run: python -m tenantry.engine.run.oidc_session tenantry up")
    try:
        os.execvpe(command[0], list(command), environment(os.environ))  # noqa: S606  (this is what it is for)
    except NoSession as reason:
        sys.exit(str(reason))
    except OSError as error:
        sys.exit(f"{command[0]} cannot be started: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
