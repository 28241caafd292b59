"""The same objects as one tenant has, made by raw client calls one after the other: what the systems themselves cost.

The Kubernetes objects are those of a converged tenant, applied again under another namespace; the rest is written out.
"""

import copy
import json
import time
from typing import Any

import oss2
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from kubernetes import client, config, dynamic
from psycopg import sql

from local.instances.throwaway import World
from tenantry.names import BROKER_ROLE, PHOTO_BUCKET, SYSTEM_BUCKET, names_of

KINDS = (
    ("v1", "ServiceAccount"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "ResourceQuota"),
    ("v1", "LimitRange"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("policy/v1", "PodDisruptionBudget"),
    ("gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
)
VERSIONS = {"ram": "2015-05-01", "alidns": "2015-01-09"}


class Raw:
    """Opens tenants by hand, modelled on the converged tenant `model`."""

    def __init__(self, world: World, model: str) -> None:
        self._world, self._model = world, model
        config.load_kube_config(world.env["KUBECONFIG"])  # pyright: ignore[reportUnknownMemberType] - untyped library
        self._kubernetes = dynamic.DynamicClient(client.ApiClient())
        proxy = {"http": world.env["TENANTRY_ALIBABA_PROXY"]}
        keys = world.env["ALICLOUD_ACCESS_KEY"], world.env["ALICLOUD_SECRET_KEY"]
        self._cloud = AcsClient(*keys, "cn-hangzhou", proxy=proxy)
        self._buckets = {
            name: oss2.Bucket(oss2.Auth(*keys), f"http://oss-{region}.aliyuncs.com", name, proxies=proxy)
            for name, region in ((SYSTEM_BUCKET, "cn-guangzhou"), (PHOTO_BUCKET, "cn-shanghai"))
        }
        self._manifests = self._read(f"tenant-{model}")

    def open(self, number: int) -> float:
        """Seconds for everything of one tenant, its deployment available."""
        names = names_of(f"k{number:03}", f"138{number:08}", "yyup.cc")
        started = time.monotonic()
        self._database(names.database, names.login_roles)
        for bucket, keys in ((SYSTEM_BUCKET, names.system_directories), (PHOTO_BUCKET, names.photo_directories)):
            for key in keys:
                self._buckets[bucket].put_object(key, b"")
        account = self._world.env["ALICLOUD_ACCOUNT_ID"]
        trust = _document("sts:AssumeRole", Principal={"RAM": [f"acs:ram::{account}:role/{BROKER_ROLE}"]})
        objects = _document("oss:GetObject", Resource=[f"acs:oss:*:*:{SYSTEM_BUCKET}/{names.prefix}*"])
        self._call("ram", "CreateRole", RoleName=names.ram_role, AssumeRolePolicyDocument=trust)
        self._call("ram", "CreatePolicy", PolicyName=names.ram_policy, PolicyDocument=objects)
        self._call(
            "ram", "AttachPolicyToRole", PolicyType="Custom", PolicyName=names.ram_policy, RoleName=names.ram_role
        )
        self._apply(names.namespace)
        self._call("alidns", "AddDomainRecord", DomainName="yyup.cc", RR=names.rr, Type="A", Value="192.0.2.10")
        return time.monotonic() - started

    def _database(self, database: str, logins: tuple[str, str]) -> None:
        owner = sql.Identifier(database)
        with self._world.connect() as connection:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(owner))
            for login in logins:
                statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'measured' IN ROLE {}")
                connection.execute(statement.format(sql.Identifier(login), owner))
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE kargerdensales CONNECTION LIMIT 50").format(owner, owner)
            )
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(owner))
        with self._world.connect(database) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (table,) in tables:
                connection.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(sql.Identifier(table), owner))

    def _read(self, namespace: str) -> list[dict[str, Any]]:
        resources: list[dict[str, Any]] = []
        for version, kind in KINDS:
            resource = self._kubernetes.resources.get(api_version=version, kind=kind)
            for item in resource.get(namespace=namespace, label_selector="app.kubernetes.io/managed-by=tenantry").items:
                body = item.to_dict()
                kept = {key: body["metadata"].get(key) for key in ("name", "labels")}
                body["metadata"] = {key: value for key, value in kept.items() if value}
                body.pop("status", None)
                for generated in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
                    if kind == "Service":
                        body["spec"].pop(generated, None)
                resources.append(body)
        return resources

    def _apply(self, namespace: str) -> None:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
        for manifest in (space, *copy.deepcopy(self._manifests)):
            resource = self._kubernetes.resources.get(api_version=manifest["apiVersion"], kind=manifest["kind"])
            where = {} if manifest["kind"] == "Namespace" else {"namespace": namespace}
            self._kubernetes.server_side_apply(resource, body=manifest, field_manager="raw", **where)
        deployments = self._kubernetes.resources.get(api_version="apps/v1", kind="Deployment")
        while (
            not deployments.get(name="business-app", namespace=namespace).to_dict()["status"].get("availableReplicas")
        ):
            time.sleep(0.05)

    def _call(self, service: str, action: str, **parameters: str) -> None:
        request = CommonRequest(domain=f"{service}.aliyuncs.com", version=VERSIONS[service], action_name=action)
        request.set_method("POST")
        request.set_protocol_type("http")
        for name, value in parameters.items():
            request.add_query_param(name, value)
        self._cloud.do_action_with_exception(request)


def _document(action: str, **where: Any) -> str:
    return json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", "Action": [action], **where}]})
