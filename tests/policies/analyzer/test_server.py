"""The pack as the engine runs it: a process that speaks the analyzer's protocol, with secret and unknown values."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policies.analyzer.catalogue import POLICIES

ROOT = Path(__file__).resolve().parents[3]
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
CONFIG, LOGIN = "k001-app-configmap", "k001-db-login-a"
MANDATORY, ADVISORY = analyzer_pb2.MANDATORY, analyzer_pb2.ADVISORY


@pytest.fixture(scope="module")
def pack() -> Iterator[Any]:
    """Started as the language host starts it."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(ROOT / "policies")],
        cwd=os.sep,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_it_says_its_port_and_nothing_else() -> None:
    """Also of gRPC, which complains on every run of a switch that it does not know (any more)."""
    with subprocess.Popen(
        [sys.executable, "-u", str(ROOT / "policies"), "127.0.0.1:1"],
        cwd=os.sep,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.terminate()
        assert said.strip().isdecimal(), said
        assert process.stdout.read() == ""


@pytest.fixture
def configure(pack) -> Callable[..., None]:
    """Policy -> its settings, replacing all that was configured before."""

    def run(**settings: Any) -> None:
        request = analyzer_pb2.ConfigureAnalyzerRequest()
        for policy, properties in settings.items():
            request.policyConfig[policy].enforcementLevel = MANDATORY
            request.policyConfig[policy].properties.update(properties)
        pack.Configure(request)

    return run


def fields(wire: Any) -> dict[str, Any]:
    properties = struct_pb2.Struct()
    properties.update(wire.props)
    options = analyzer_pb2.AnalyzerResourceOptions(
        protect=wire.options.get("protect", False),
        ignoreChanges=wire.options.get("ignore_changes", ()),
        additionalSecretOutputs=wire.options.get("secret_outputs", ()),
    )
    name = wire.urn.rpartition("::")[2]
    return {"type": wire.type, "urn": wire.urn, "name": name, "properties": properties, "options": options}


def of_resource(pack: Any, wire: Any) -> Any:
    return pack.Analyze(analyzer_pb2.AnalyzeRequest(**fields(wire))).diagnostics


def of_stack(pack: Any, *wires: Any) -> Any:
    resources = [analyzer_pb2.AnalyzerResource(**fields(wire)) for wire in wires]
    return pack.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources)).diagnostics


def test_all_policies_are_there_and_mandatory(pack) -> None:
    info = pack.GetAnalyzerInfo(empty_pb2.Empty())
    levels = {policy.name: policy.enforcementLevel for policy in info.policies}
    assert levels == {**dict.fromkeys(POLICIES, MANDATORY), "report": ADVISORY}
    assert info.supportsConfig


def test_the_program_passes(pack, configure, declared) -> None:
    configure()
    assert [line.message for wire in declared.values() for line in of_resource(pack, wire)] == []
    assert [line.message for line in of_stack(pack, *declared.values())] == []


@pytest.fixture
def configured(pack, configure) -> Iterator[Callable[..., None]]:
    """Hands over the configuration of a stack, as the engine does before anything is judged."""

    def run(**config: str) -> None:
        values = {f"tenantry:{key}": value for key, value in config.items()}
        pack.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack="prod", project="tenantry", config=values))

    yield run
    run()
    configure()


def test_the_facts_of_the_installation_are_the_stacks_alone(pack, configure, configured, declared) -> None:
    configure(dns={"zone": "elsewhere.example"})  # the pack's own word counts for nothing
    assert not list(of_resource(pack, declared["k001-dns"]))
    configured(zone="example.org")
    (line,) = of_resource(pack, declared["k001-dns"])
    assert "dns-name" in line.message
    configured(zone="yyup.cc", systemBucket="systemkarder", photoBucket="faceshanghaikarden")
    assert not list(of_resource(pack, declared["k001-dns"]))


def test_what_the_stack_alone_cannot_widen_is_the_packs(pack, configure, configured, declared) -> None:
    deployment = declared["k001-app-deployment"]
    configured(imageDigest="true")
    configure()
    assert "digest" in next(iter(of_resource(pack, deployment))).message
    configured(imageDigest="false")
    assert not list(of_resource(pack, deployment))
    configure(workload={"digest": True})
    assert "digest" in next(iter(of_resource(pack, deployment))).message


def test_the_plans_are_those_of_the_stacks_tenants(pack, configure, configured, declared, tmp_path) -> None:
    configure()
    text = (ROOT / "tenants" / "plans.yaml").read_text("utf-8")
    (tmp_path / "plans.yaml").write_text(re.sub("connections: [0-9]+", "connections: 1", text), "utf-8")
    configured(tenants=str(tmp_path))
    assert [line for line in of_resource(pack, declared["k001-db-database"]) if "connection" in line.message]
    configured()
    assert not list(of_resource(pack, declared["k001-db-database"]))


def test_the_engine_fills_in_no_default_over_what_the_stack_says(pack) -> None:
    info = pack.GetAnalyzerInfo(empty_pb2.Empty())
    offered = {policy.name: dict(policy.configSchema.properties.items()) for policy in info.policies}
    assert "zone" not in offered["dns"]
    assert "buckets" not in offered["storage"]
    assert "default" not in offered["workload"]["digest"]


def test_a_secret_passes_and_the_same_in_clear_does_not(pack, configure, declared, change) -> None:
    configure()
    assert declared[LOGIN].props["password"].keys() > {"value"}
    assert list(of_resource(pack, declared[LOGIN])) == []
    (line,) = of_resource(pack, change(declared[LOGIN], "password", "in-clear-1234"))
    assert line.policyName == "protection"
    assert line.enforcementLevel == MANDATORY
    assert "k001: Role rent001_a: protection-secret: password stands in clear." in line.message
    assert "in-clear-1234" not in line.message


def test_a_secret_document_is_refused_since_nobody_can_check_it(pack, configure, declared, change) -> None:
    configure()
    policy = declared["k001-files-policy"]
    marked = {**declared[LOGIN].props["password"], "value": policy.props["policyDocument"]}
    messages = [line.message for line in of_resource(pack, change(policy, "policyDocument", marked))]
    assert any("storage-prefix: it holds a secret where a text belongs" in message for message in messages)
    assert "1234567890123456" not in "".join(messages)


def test_an_unknown_value_is_neither_passed_nor_refused(pack, configure, declared, change) -> None:
    """The other rules still decide; the report says what is left for the update."""
    configure()
    login = change(change(declared[LOGIN], "roles", UNKNOWN), "superuser", True)
    lines = of_resource(pack, login)
    assert [line.message.split(": ")[3] for line in lines] == ["database-powers"]
    (told,) = of_stack(pack, *declared.values())
    assert told.policyName == "report"
    assert told.enforcementLevel == ADVISORY
    assert "not known before the update" in told.message
    assert "database-membership (roles) x1" in told.message
    assert list(of_stack(pack, *declared.values())) == []


@pytest.mark.parametrize(("expiry", "tenant", "passes"), [("2999-12-31", "k001", True), ("2999-12-31", "*", True), ("2999-12-31", "k002", False), ("2020-01-01", "k001", False)])  # fmt: skip
def test_an_exemption_is_for_one_tenant_and_ends(
    pack, configure, declared, change, expiry: str, tenant: str, passes: bool
) -> None:
    entry = {"tenant": tenant, "rule": "database-powers", "reason": "moves the old data in", "expiry": expiry}
    configure(database={"exemptions": [entry]})
    lines = of_resource(pack, change(declared[LOGIN], "superuser", True))
    report = of_stack(pack, *declared.values())
    if passes:
        assert list(lines) == []
        (used,) = report
        assert used.enforcementLevel == ADVISORY
        assert f"exemption: {tenant}, database-powers, until 2999-12-31: moves the old data in" in used.message
    else:
        (line,) = lines
        assert line.enforcementLevel == MANDATORY
        assert ("(its exemption ended on 2020-01-01)" in line.message) is (tenant == "k001")
        assert list(report) == []


def test_a_stack_rule_names_the_tenant_and_the_resource(pack, configure, declared) -> None:
    configure()
    del declared["k001-ns-networkpolicy-closed"]
    (line,) = of_stack(pack, *declared.values())
    assert (line.policyName, line.enforcementLevel) == ("together", MANDATORY)
    assert line.urn == declared["k001-ns-namespace"].urn
    assert "k001: Namespace tenant-k001: network-closed: no NetworkPolicy closes it." in line.message
    assert "Remedy: declare a NetworkPolicy" in line.message


@pytest.mark.parametrize("policy", ["database", "together"])
def test_an_exemption_that_has_ended_is_a_fault_itself(pack, configure, declared, policy: str) -> None:
    rule = {"database": "database-powers", "together": "network-closed"}[policy]
    entry = {"tenant": "k009", "rule": rule, "reason": "moves the old data in", "expiry": "2020-01-01"}
    configure(**{policy: {"exemptions": [entry]}})
    root = analyzer_pb2.AnalyzeRequest(
        type="pulumi:pulumi:Stack", urn="urn:pulumi:test::tenantry::pulumi:pulumi:Stack::s"
    )
    (line,) = [*pack.Analyze(root).diagnostics, *of_stack(pack, *declared.values())]
    assert (line.policyName, line.enforcementLevel) == (policy, MANDATORY)
    assert f"this one has ended (k009, {rule}, until 2020-01-01: moves the old data in)" in line.message


def test_what_no_pack_of_ours_does_is_not_implemented(pack: Any) -> None:
    """The engine asks for every resource whether it is to be mended, and goes on when nobody can."""
    with pytest.raises(grpc.RpcError) as refused:
        pack.Remediate(analyzer_pb2.AnalyzeRequest(type="x", urn="y"))
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED  # pyright: ignore[reportAttributeAccessIssue]
