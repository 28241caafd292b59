"""A stand-in of its own for each test module, and the real SDKs pointed at it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import oss2
import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from joserfc import jwt
from joserfc.jwk import RSAKey

from local.shared.ports import free

ACCOUNT, ROOT_KEY, ROOT_SECRET = "1234567890123456", "LTAI5tRootKeyOfTests", "secret-of-the-root-key"
VERSIONS = {"ram": "2015-05-01", "ims": "2019-08-15", "sts": "2015-04-01", "alidns": "2015-01-09"}
ISSUER = "https://kubernetes.default.svc"


@dataclass(frozen=True)
class Keys:
    """An AccessKey pair, with a token when it is temporary."""

    id: str = ROOT_KEY
    secret: str = ROOT_SECRET
    token: str = ""


@dataclass
class StandIn:
    """The process under test."""

    directory: Path
    port: int = field(default_factory=free)
    process: subprocess.Popen[bytes] | None = None
    issuer_key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))

    account, root, issuer = ACCOUNT, Keys(), ISSUER
    keys = Keys

    def start(self) -> float:
        """Start and wait until healthy; seconds that took."""
        jwks = self.directory / "jwks.json"
        self.directory.mkdir(exist_ok=True)
        jwks.write_text(json.dumps({"keys": [self.issuer_key.as_dict(private=False)]}))
        account = {"ACCOUNT_ID": ACCOUNT, "ACCESS_KEY": ROOT_KEY, "SECRET_KEY": ROOT_SECRET}
        environment = {**os.environ, **{f"ALICLOUD_{name}": value for name, value in account.items()}}
        began = time.monotonic()
        options = {"port": self.port, "state": self.directory / "state", "oidc-jwks": jwks, "domain": "yyup.cc"}
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local.alibaba", *arguments], env=environment, cwd=Path(__file__).parents[3]
        )
        while time.monotonic() - began < 30:
            try:
                if self.http("GET", "/_tenantry/health")[0] == 200:
                    return time.monotonic() - began
            except OSError:
                time.sleep(0.02)
        raise AssertionError("the stand-in did not become healthy")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(10) == 0

    @property
    def token(self) -> str:
        return (self.directory / "state" / "control-token").read_text()

    def http(self, method: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """A bare request; header names with underscores for dashes."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, target, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        content = answer.read()
        connection.close()
        return answer.status, found, content

    def control(self, method: str, name: str, **body: Any) -> Any:
        content = json.dumps(body).encode()
        status, _, answer = self.http(method, f"/_tenantry/{name}", content, X_Tenantry_Control=self.token)
        assert status == 200, answer
        return json.loads(answer)

    def bucket(self, name: str, keys: Keys | None = None, *, v4: bool = False, **options: Any) -> oss2.Bucket:
        keys = keys or Keys()
        version = oss2.AUTH_VERSION_4 if v4 else oss2.AUTH_VERSION_1
        if keys.token:
            auth: Any = oss2.StsAuth(keys.id, keys.secret, keys.token, auth_version=version)
        else:
            auth = oss2.make_auth(keys.id, keys.secret, version)
        region = "cn-hangzhou" if v4 else None
        return oss2.Bucket(auth, f"http://127.0.0.1:{self.port}", name, region=region, **options)

    def service(self, keys: Keys | None = None) -> oss2.Service:
        keys = keys or Keys()
        return oss2.Service(oss2.Auth(keys.id, keys.secret), f"http://127.0.0.1:{self.port}")

    def client(self, keys: Keys | None = None) -> AcsClient:
        keys = keys or Keys()
        if keys.token:
            return AcsClient(region_id="cn-guangzhou", credential=StsTokenCredential(keys.id, keys.secret, keys.token))
        return AcsClient(keys.id, keys.secret, "cn-guangzhou")

    def call(self, product: str, action: str, keys: Keys | None = None, **params: str) -> dict[str, Any]:
        request = CommonRequest(domain=f"127.0.0.1:{self.port}", version=VERSIONS[product], action_name=action)
        request.set_protocol_type("http")
        request.set_method("POST")
        for name, value in params.items():
            request.add_query_param(name, value)
        return json.loads(self.client(keys).do_action_with_exception(request) or b"")

    def refused(self, product: str, action: str, keys: Keys | None = None, **params: str) -> str:
        """The error code of a call that must fail."""
        with pytest.raises(ServerException) as caught:
            self.call(product, action, keys, **params)
        return str(caught.value.get_error_code())

    def user(self, name: str, *statements: dict[str, Any]) -> Keys:
        """A RAM user with a policy of these statements and a key."""
        self.call("ram", "CreateUser", UserName=name)
        if statements:
            document = json.dumps({"Version": "1", "Statement": list(statements)})
            self.call("ram", "CreatePolicy", PolicyName=name, PolicyDocument=document)
            self.call("ram", "AttachPolicyToUser", PolicyName=name, PolicyType="Custom", UserName=name)
        made = self.call("ram", "CreateAccessKey", UserName=name)["AccessKey"]
        return Keys(made["AccessKeyId"], made["AccessKeySecret"])

    def role(self, name: str, principal: dict[str, list[str]], *statements: dict[str, Any], **more: Any) -> str:
        """A role trusting `principal`, with a policy of these statements; its ARN."""
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
        document = json.dumps({"Version": "1", "Statement": [trust]})
        arn = self.call("ram", "CreateRole", RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        if statements:
            text = json.dumps({"Version": "1", "Statement": list(statements)})
            self.call("ram", "CreatePolicy", PolicyName=f"role-{name}", PolicyDocument=text)
            self.call("ram", "AttachPolicyToRole", PolicyName=f"role-{name}", PolicyType="Custom", RoleName=name)
        return str(arn)

    def assume(self, keys: Keys, arn: str, **params: str) -> Keys:
        made = self.call("sts", "AssumeRole", keys, RoleArn=arn, RoleSessionName="session", **params)["Credentials"]
        return Keys(made["AccessKeyId"], made["AccessKeySecret"], made["SecurityToken"])

    def oidc_token(self, **claims: Any) -> str:
        now = int(time.time())
        defaults = {"iss": ISSUER, "aud": ["sts.aliyuncs.com"], "sub": "system:serviceaccount:tenant-k001:business-app",
                    "iat": now, "exp": now + 3600}  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": "one"}, {**defaults, **claims}, self.issuer_key, algorithms=["RS256"])


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """One stand-in a module: tests of a module use names of their own."""
    made = StandIn(tmp_path_factory.mktemp("alibaba"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in for one test alone, not yet started."""
    made = StandIn(tmp_path / "own")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


@pytest.fixture
def allow() -> Callable[..., dict[str, Any]]:
    """A statement of a policy; more elements by name."""

    def make(actions: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
        return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}

    return make


@pytest.fixture
def code() -> Callable[[Callable[[], Any]], str]:
    """The OSS error code of an action that must fail; empty bodies (HEAD) give the status."""

    def run(action: Callable[[], Any]) -> str:
        with pytest.raises(oss2.exceptions.ServerError) as caught:
            action()
        return caught.value.code or str(caught.value.status)

    return run
