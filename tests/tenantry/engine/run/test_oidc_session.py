"""A session for one command: asked for as STS wants it, handed to that command alone, and never told."""

import json
import os
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tenantry.engine.run.oidc_session import NoSession, environment, with_pod_session

TOKEN = "eyJ.of-the-job.signature"
KEYS = {"AccessKeyId": "STS.id", "AccessKeySecret": "key", "SecurityToken": "token"}
GIVEN = {
    "PATH": "/bin",
    "TENANTRY_ROLE_ARN": "acs:ram::1:role/deploy",
    "TENANTRY_OIDC_PROVIDER_ARN": "acs:ram::1:oidc-provider/github",
}


class Forge(BaseHTTPRequestHandler):
    """The forge's token and STS in one."""

    asked: ClassVar[list[tuple[str, dict[str, str]]]] = []
    answer: ClassVar[tuple[int, Any]] = (200, {"Credentials": KEYS})

    def do_GET(self) -> None:
        type(self).asked.append((self.path, {"authorization": self.headers["Authorization"]}))
        self._say(200, {"value": TOKEN})

    def do_POST(self) -> None:
        form = urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode())
        type(self).asked.append((self.path, dict(form)))
        self._say(*type(self).answer)

    def _say(self, code: int, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Forge, "asked", [])
    monkeypatch.setattr(Forge, "answer", (200, {"Credentials": KEYS}))
    server = HTTPServer(("127.0.0.1", 0), Forge)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def github(url: str) -> dict[str, str]:
    return GIVEN | {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-the-job",
    }


def test_github_asks_for_a_token_and_sts_for_a_session(url: str) -> None:
    found = environment(github(url), url)
    assert found == GIVEN | {
        "AWS_ACCESS_KEY_ID": "STS.id",
        "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_SESSION_TOKEN": "token",
    }
    (path, headers), (_, form) = Forge.asked
    assert (path, headers) == (
        "/token?api-version=2.0&audience=sts.aliyuncs.com",
        {"authorization": "bearer bearer-of-the-job"},
    )
    assert (
        form.items()
        >= {
            "Action": "AssumeRoleWithOIDC",
            "OIDCToken": TOKEN,
            "RoleArn": GIVEN["TENANTRY_ROLE_ARN"],
            "OIDCProviderArn": GIVEN["TENANTRY_OIDC_PROVIDER_ARN"],
            "DurationSeconds": "3600",
        }.items()
    )


def test_gitlabs_token_is_used_and_not_handed_on(url: str) -> None:
    given = GIVEN | {"TENANTRY_ID_TOKEN": TOKEN, "TENANTRY_ROLE_SECONDS": "21600"}
    assert "TENANTRY_ID_TOKEN" not in environment(given, url)
    ((_, form),) = Forge.asked
    assert (form["OIDCToken"], form["DurationSeconds"]) == (TOKEN, "21600")


def test_without_a_role_nothing_is_asked_for(url: str) -> None:
    given = {name: value for name, value in github(url).items() if name != "TENANTRY_ROLE_ARN"}
    assert environment(given, url).keys() == {"PATH", "TENANTRY_OIDC_PROVIDER_ARN"}
    assert Forge.asked == []


@pytest.mark.parametrize(
    ("code", "document", "said"),
    [
        (
            400,
            {"Code": "AuthenticationFail.OIDCToken.Expired", "Message": TOKEN},
            "AuthenticationFail.OIDCToken.Expired",
        ),
        (403, "not JSON as expected", "403"),
        (200, {}, "without credentials"),
        (200, {"Credentials": {"AccessKeyId": "STS.id"}}, "without credentials"),
    ],
)
def test_a_refusal_says_why_and_not_the_token(code: int, document: Any, said: str, url: str) -> None:
    Forge.answer = (code, document)
    with pytest.raises(NoSession) as raised:
        environment(github(url), url)
    assert said in str(raised.value)
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("missing", ["TENANTRY_OIDC_PROVIDER_ARN", "ACTIONS_ID_TOKEN_REQUEST_URL"])
def test_what_is_missing_is_named(missing: str, url: str) -> None:
    given = {name: value for name, value in github(url).items() if name != missing}
    with pytest.raises(NoSession, match=r"TENANTRY_OIDC_PROVIDER_ARN|id-token: write"):
        environment(given, url)


def test_nobody_answers() -> None:
    with pytest.raises(NoSession, match=r"STS gives no session of acs:ram::1:role/deploy \("):
        environment(GIVEN | {"TENANTRY_ID_TOKEN": TOKEN}, "http://127.0.0.1:1/")


def test_the_command_takes_its_place() -> None:
    """With its exit code and without the forge's token; what cannot be started is said."""
    look = "import os, sys; sys.exit(7 if 'ACTIONS_ID_TOKEN_REQUEST_TOKEN' not in os.environ else 8)"
    env = {name: value for name, value in os.environ.items() if name != "TENANTRY_ROLE_ARN"}
    start = [sys.executable, "-m", "tenantry.engine.run.oidc_session"]

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        asked = env | {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}
        return subprocess.run([*start, *command], env=asked, capture_output=True, text=True, check=False)

    assert run(sys.executable, "-c", look).returncode == 7
    assert "cannot be started: No such file" in run("/nowhere/tenantry").stderr
    assert "name the command" in run().stderr


def test_a_pod_takes_its_role_by_its_projected_token(url: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    given = GIVEN | {"TENANTRY_ID_TOKEN_FILE": str(file), "TENANTRY_ROLE_SECONDS": "21600", "PGHOST": "db"}
    assert with_pod_session(given, url) == given | {
        "ALICLOUD_ACCESS_KEY": "STS.id",
        "ALICLOUD_SECRET_KEY": "key",
        "ALICLOUD_SECURITY_TOKEN": "token",
    }
    ((_, form),) = Forge.asked
    assert (form["OIDCToken"], form["DurationSeconds"], form["RoleArn"]) == (TOKEN, "21600", GIVEN["TENANTRY_ROLE_ARN"])


def test_a_pod_without_its_token_says_which_file_is_missing(url: str, tmp_path: Path) -> None:
    given = GIVEN | {"TENANTRY_ID_TOKEN_FILE": str(tmp_path / "none")}
    with pytest.raises(NoSession, match=r"TENANTRY_ID_TOKEN_FILE names .*none.*mount the projected token"):
        with_pod_session(given, url)
    assert with_pod_session(GIVEN, url) == GIVEN  # no pod of ours
    assert Forge.asked == []
