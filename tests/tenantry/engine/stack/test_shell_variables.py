"""A shell's variables never decide what a command with a stack talks to."""

import os
import sys

import psycopg.pq
import pytest

from tenantry.cli.app import main
from tenantry.engine.stack.shell_variables import READ, forget_libpq, leads_elsewhere, without_others

# What libpq reads without listing it among its options: settings of the session, and where its files are.
UNLISTED = ("PGSERVICEFILE", "PGSYSCONFDIR", "PGLOCALEDIR", "PGTZ", "PGDATESTYLE", "PGGEQO")
LIBPQ = {
    *UNLISTED,
    *(option.envvar.decode() for option in psycopg.pq.Conninfo.get_defaults() if option.envvar),
}
TLS = {name for name in LIBPQ if name.startswith("PGSSL") and name != "PGSSLMODE"}  # files of this machine
# From the sources of the alicloud provider 1.240 and the engine 3.250.
PLUGINS = (
    *("ALICLOUD_PROFILE", "ALICLOUD_REGION", "ALICLOUD_ASSUME_ROLE_ARN", "ALICLOUD_ECS_ROLE_NAME"),
    *("ALICLOUD_SHARED_CREDENTIALS_FILE", "ALICLOUD_CREDENTIALS_URI", "ALICLOUD_SOURCE_IP"),
    *("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ENDPOINT_RAM"),
    *("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_ACCOUNT_TYPE"),
    *("OSS_ENDPOINT", "RAM_ENDPOINT", "STS_ENDPOINT", "IMS_ENDPOINT", "ALIDNS_ENDPOINT", "DNS_ENDPOINT"),
    *("TF_ENDPOINT_PATH", "PULUMI_K8S_DELETE_UNREACHABLE", "PULUMI_K8S_CLIENT_QPS"),
)
ENGINE = (
    *("PULUMI_OPTION_TARGET", "PULUMI_OPTION_STACK", "PULUMI_OPTION_CONFIG_FILE", "PULUMI_OPTION_CWD", "PULUMI_STACK"),
    *("PULUMI_CONFIG", "PULUMI_DEBUG_PROVIDERS", "PULUMI_DEBUG_LANGUAGES", "PULUMI_CLOUD_SECRET_OVERRIDE"),
    *("PULUMI_SKIP_CHECKPOINTS", "PULUMI_RUN_PROGRAM", "PULUMI_CONTINUE_ON_ERROR", "TENANTRY_LEAVE_OUT"),
)
KEPT = (
    *(
        "PATH",
        "HOME",
        "HTTPS_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "PGSSLROOTCERT",
    ),
    *(
        "PULUMI_BACKEND_URL",
        "PULUMI_CONFIG_PASSPHRASE",
        "PULUMI_CONFIG_PASSPHRASE_FILE",
        "PULUMI_HOME",
        "PULUMI_PARALLEL",
    ),
    *("PULUMI_ACCESS_TOKEN", "TENANTRY_SYSTEMS_OF", "TENANTRY_LOCAL", "OTEL_EXPORTER_OTLP_ENDPOINT"),
)


def test_libpq_is_asked_for_its_variables() -> None:
    assert {"PGHOST", "PGHOSTADDR", "PGSERVICE", "PGOPTIONS", "PGPASSFILE", "PGTARGETSESSIONATTRS"} < LIBPQ
    assert len(LIBPQ) > 30


@pytest.mark.parametrize("name", [*sorted(LIBPQ - TLS), *PLUGINS, *ENGINE])
def test_what_leads_elsewhere_reaches_no_stack(name: str) -> None:
    assert leads_elsewhere(name)
    assert without_others({name: "x"}, "prod") == {}
    own = {name: "x"} if name in READ else {}
    assert without_others({name: "x"}, "local") == own
    assert without_others({name: "x", "TENANTRY_SYSTEMS_OF": "prod"}, "prod") == {**own, "TENANTRY_SYSTEMS_OF": "prod"}


@pytest.mark.parametrize("name", [*sorted(TLS), *KEPT])
def test_what_is_this_machines_own_stays(name: str) -> None:
    assert without_others({name: "x"}, "prod") == {name: "x"}


def test_this_process_forgets_what_libpq_would_go_by() -> None:
    environment = dict.fromkeys([*LIBPQ, "PATH"], "x")
    forget_libpq(environment)
    assert environment.keys() == {"PATH", *TLS, *(LIBPQ & READ)}


def test_every_command_does(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
    monkeypatch.setenv("PGSERVICE", "elsewhere")
    monkeypatch.setattr(sys, "argv", ["tenantry", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out
    assert not os.environ.keys() & {"PGHOSTADDR", "PGSERVICE"}
