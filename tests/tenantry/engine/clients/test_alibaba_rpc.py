"""Calls go through the proxy with a signature, and no error tells the key."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from tenantry.engine.clients.alibaba_rpc import call, keys_of
from tenantry.engine.clients.dns_records import find_record
from tenantry.engine.errors import CommandError
from tenantry.engine.process.pulumi_cli import Answer, Cli
from tenantry.engine.state.lost_access_keys import remove_lost_keys

SECRET = "not-to-be-told-to-anybody"


class Handler(BaseHTTPRequestHandler):
    asked: ClassVar[list[tuple[str, dict[str, str]]]] = []
    answers: ClassVar[dict[str, tuple[int, object]]] = {}

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.asked.append((address.netloc, query))
        status, answer = self.answers[query["Action"]]
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Not into the test's output."""


@pytest.fixture
def proxy() -> Iterator[dict[str, str]]:
    """The environment for a forward proxy that answers everything itself."""
    Handler.asked.clear()
    Handler.answers.clear()
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield {
        "TENANTRY_ALIBABA_PROXY": f"http://127.0.0.1:{server.server_port}",
        "ALICLOUD_ACCESS_KEY": "LTAI5tkey",
        "ALICLOUD_SECRET_KEY": SECRET,
    }
    server.shutdown()
    server.server_close()


def test_a_record_is_looked_up_by_host_and_type(proxy: dict[str, str]) -> None:
    found = {"RecordId": "269", "RR": "k001", "Type": "A", "Value": "192.0.2.10", "Remark": "tenantry-k001"}
    Handler.answers["DescribeDomainRecords"] = (200, {"DomainRecords": {"Record": [found]}})
    wanted = {"domainName": "yyup.cc", "rr": "k001", "type": "A", "value": "192.0.2.10", "remark": "tenantry-k001"}
    answer = find_record(wanted, proxy)
    assert answer is not None
    assert answer.identity == "269"
    host, query = Handler.asked[0]
    assert host.partition(":")[0] == "alidns.aliyuncs.com"
    assert (query["DomainName"], query["RRKeyWord"], query["TypeKeyWord"]) == ("yyup.cc", "k001", "A")
    assert query["Signature"]


def test_lost_keys_are_removed_and_no_others(proxy: dict[str, str]) -> None:
    keys = [{"AccessKeyId": name, "CreateDate": "2026-11-23T09:19:06Z"} for name in ("known", "lost")]
    Handler.answers["ListAccessKeys"] = (200, {"AccessKeys": {"AccessKey": keys}})
    Handler.answers["DeleteAccessKey"] = (200, {})
    assert remove_lost_keys("broker", {"known"}, "2026-11-23T09:19:06Z", proxy) == ["lost"]
    assert [query["UserAccessKeyId"] for _, query in Handler.asked if query["Action"] == "DeleteAccessKey"] == ["lost"]


def test_a_refusal_names_its_code_and_no_secret(proxy: dict[str, str]) -> None:
    Handler.answers["ListAccessKeys"] = (403, {"Code": "NoPermission", "Message": f"signed with {SECRET}"})
    with pytest.raises(OSError, match="NoPermission") as caught:
        call("ram.aliyuncs.com", "2015-05-01", "ListAccessKeys", {}, proxy)
    assert SECRET not in str(caught.value)


def test_nobody_answering_is_told(proxy: dict[str, str]) -> None:
    with pytest.raises(OSError, match=r"ram\.aliyuncs\.com"):
        call("ram.aliyuncs.com", "2015-05-01", "X", {}, {**proxy, "TENANTRY_ALIBABA_PROXY": "http://127.0.0.1:1"})


@pytest.mark.parametrize("missing", ["ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"])
def test_without_a_key_nothing_is_asked(proxy: dict[str, str], missing: str) -> None:
    with pytest.raises(OSError, match="ALICLOUD_"):
        call("ram.aliyuncs.com", "2015-05-01", "X", {}, {**proxy, missing: ""})
    assert Handler.asked == []


@dataclass
class FakeCli:
    """A shell with an environment, and the answer of `pulumi config`."""

    environment: dict[str, str]
    answer: Answer

    def ask(self, *arguments: str) -> Answer:
        assert arguments[0] == "config"
        return self.answer


SHELL = {"ALICLOUD_ACCESS_KEY": "LTAIshell", "ALICLOUD_SECRET_KEY": "x", "ALICLOUD_SECURITY_TOKEN": "y", "PATH": "/bin"}


def cli(environment: dict[str, str], **configured: str) -> Cli:
    entries = {f"tenantry:{key}": {"value": value, "secret": True} for key, value in configured.items()}
    return cast(Cli, FakeCli(environment, Answer(0, json.dumps(entries), "")))


@pytest.mark.parametrize("shell", [SHELL, {"TENANTRY_ALIBABA_PROXY": "http://127.0.0.1:1"}, {}])
def test_a_real_stack_is_asked_for_with_its_own_key_and_never_with_a_shells(shell: dict[str, str]) -> None:
    found = keys_of(cli(shell, alibabaAccessKey="LTAIstack", alibabaSecretKey=SECRET), "prod")
    assert found == {"ALICLOUD_ACCESS_KEY": "LTAIstack", "ALICLOUD_SECRET_KEY": SECRET}


def test_the_embedded_default_is_asked_for_with_its_environments_key(proxy: dict[str, str]) -> None:
    assert keys_of(cast(Cli, FakeCli(proxy, Answer(1, "", ""))), "local") == proxy


def test_a_stack_without_a_key_says_how_to_set_it() -> None:
    with pytest.raises(CommandError, match="config set --secret tenantry:alibabaSecretKey --stack prod") as caught:
        keys_of(cli(SHELL, alibabaAccessKey="LTAIstack"), "prod")
    assert "with which key Alibaba Cloud is asked: alibabaSecretKey" in caught.value.problem
