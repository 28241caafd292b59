"""Changes by hand in PostgreSQL, Kubernetes, RAM, OSS and DNS, with the tools of each."""

import json
from collections.abc import Callable
from typing import Any, Final

from tenantry.engine.clients.alibaba_rpc import call
from tenantry.engine.clients.dns_records import records_of
from tests.e2e.conftest import FILES, Life

ZONE: Final = "yyup.cc"
DNS: Final = ("alidns.aliyuncs.com", "2015-01-09")
RAM: Final = ("ram.aliyuncs.com", "2015-05-01")
Do = Callable[[Life], object]


def sql(text: str, database: str = "postgres") -> Do:
    def run(life: Life) -> None:
        with life.world.connect(database) as connection:
            connection.execute(text.encode())

    return run


def kubectl(*arguments: str) -> Do:
    return lambda life: life.world.run("kubectl", *arguments)


def create(code: str, version: str, kind: str, **body: Any) -> Do:
    def run(life: Life) -> None:
        document = {"apiVersion": version, "kind": kind, "metadata": {"name": "by-hand", "namespace": f"tenant-{code}"}}
        file = life.world.folder / ".local" / "by-hand.json"
        file.write_text(json.dumps({**document, **body}))
        life.world.run("kubectl", "create", "-f", str(file))

    return run


def patch(code: str, kind: str, name: str, body: Any, how: str = "merge") -> Do:
    return kubectl("patch", kind, name, "-n", f"tenant-{code}", "--type", how, "-p", json.dumps(body))


def ram(action: str, **parameters: str) -> Do:
    return lambda life: call(*RAM, action, parameters, life.world.env)


def version(code: str, default: str, edit: Callable[[Any], None]) -> Do:
    def run(life: Life) -> None:
        name = f"tenant-{code}"
        answer = call(*RAM, "GetPolicy", {"PolicyName": name, "PolicyType": "Custom"}, life.world.env)
        document = json.loads(answer["DefaultPolicyVersion"]["PolicyDocument"])
        edit(document)
        written = {"PolicyName": name, "PolicyDocument": json.dumps(document), "SetAsDefault": default}
        call(*RAM, "CreatePolicyVersion", written, life.world.env)

    return run


def trusts_root(life: Life) -> None:
    answer = call(*RAM, "GetRole", {"RoleName": "tenant-k002"}, life.world.env)["Role"]
    document = json.loads(answer["AssumeRolePolicyDocument"])
    root = f"acs:ram::{life.world.env['ALICLOUD_ACCOUNT_ID']}:root"
    document["Statement"].append({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [root]}})
    written = {"RoleName": "tenant-k002", "NewAssumeRolePolicyDocument": json.dumps(document)}
    call(*RAM, "UpdateRole", written, life.world.env)


def everything(document: Any) -> None:
    document["Statement"].append({"Effect": "Allow", "Action": ["oss:*"], "Resource": ["acs:oss:*:*:*"]})


def record(rr: str, kind: str, value: str) -> Do:
    wanted = {"DomainName": ZONE, "RR": rr, "Type": kind, "Value": value}
    return lambda life: call(*DNS, "AddDomainRecord", wanted, life.world.env)


def own_record(life: Life, code: str) -> Any:
    (found,) = [
        entry
        for entry in records_of({"domainName": ZONE, "rr": code, "type": "A"}, life.world.env)
        if entry.get("Remark")
    ]
    return found


def leads_elsewhere(life: Life) -> None:
    wanted = {"RecordId": own_record(life, "k002")["RecordId"], "RR": "k002", "Type": "A", "Value": "203.0.113.9"}
    call(*DNS, "UpdateDomainRecord", wanted, life.world.env)


def switched_off(life: Life) -> None:
    wanted = {"RecordId": own_record(life, "k001")["RecordId"], "Status": "Disable"}
    call(*DNS, "SetDomainRecordStatus", wanted, life.world.env)


def no_text_record(life: Life) -> None:
    for found in records_of({"domainName": ZONE, "rr": "k002", "type": "TXT"}, life.world.env):
        call(*DNS, "DeleteDomainRecord", {"RecordId": found["RecordId"]}, life.world.env)


def expires_all(life: Life) -> None:
    import oss2

    rule = oss2.models.LifecycleRule("by-hand", "kindergarten/", expiration=oss2.models.LifecycleExpiration(days=1))
    life.bucket(FILES).put_bucket_lifecycle(oss2.models.BucketLifecycle([rule]))


def lets_everybody_read(life: Life) -> None:
    arn = f"acs:oss:*:{life.world.env['ALICLOUD_ACCOUNT_ID']}:{FILES}/*"
    everybody = {"Effect": "Allow", "Action": ["oss:GetObject"], "Principal": ["1234567890"], "Resource": [arn]}
    life.bucket(FILES).put_bucket_policy(json.dumps({"Version": "1", "Statement": [everybody]}))
