"""Sessions at the Alibaba stand-in as a pod takes them: by the projected token of its service account, without a
key."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
import yaml

from tenantry.engine.clients.alibaba_rpc import call
from tenantry.engine.clients.kubernetes import Kube
from tenantry.model.trust_policy import provider_arn
from tenantry.names import BROKER_ACCOUNT, BROKER_ROLE, PLATFORM_NAMESPACE

Keys = Mapping[str, str]


def by_token(env: Mapping[str, str], namespace: str, service_account: str, role: str) -> Keys:
    """A session of the role, for a token that the API server gives of that account."""
    kubeconfig = yaml.safe_load(Path(env["KUBECONFIG"]).read_text(encoding="utf-8"))
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
    spec = {"audiences": ["sts.aliyuncs.com"], "expirationSeconds": 600}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    answer = Kube.admin(kubeconfig).ask("POST", path, body, dry=False)
    status: Any = answer.document.get("status")
    assert status, answer.said
    account = env["ALICLOUD_ACCOUNT_ID"]
    given = requests.post(
        "http://sts.aliyuncs.com/",
        params={"Action": "AssumeRoleWithOIDC", "Version": "2015-04-01", "Format": "JSON"},
        data={
            "RoleArn": f"acs:ram::{account}:role/{role}",
            "OIDCProviderArn": provider_arn(account),
            "OIDCToken": status["token"],
            "RoleSessionName": "test",
            "SignatureNonce": uuid.uuid4().hex,
        },
        proxies={"http": env["TENANTRY_ALIBABA_PROXY"]},
        timeout=30,
    ).json()
    assert "Credentials" in given, given.get("Code")
    return given["Credentials"]


def of_broker(env: Mapping[str, str], code: str) -> Keys:
    """A session of the tenant's role, as the credential broker fetches it. Raises OSError when STS refuses."""
    broker = by_token(env, PLATFORM_NAMESPACE, BROKER_ACCOUNT, BROKER_ROLE)
    keys = {
        "ALICLOUD_ACCESS_KEY": broker["AccessKeyId"],
        "ALICLOUD_SECRET_KEY": broker["AccessKeySecret"],
        "ALICLOUD_SECURITY_TOKEN": broker["SecurityToken"],
        "TENANTRY_ALIBABA_PROXY": env["TENANTRY_ALIBABA_PROXY"],
    }
    role = f"acs:ram::{env['ALICLOUD_ACCOUNT_ID']}:role/tenant-{code}"
    wanted = {"RoleArn": role, "RoleSessionName": "test"}
    return call("sts.aliyuncs.com", "2015-04-01", "AssumeRole", wanted, keys)["Credentials"]
