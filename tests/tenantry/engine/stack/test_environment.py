"""A run that cannot succeed is refused before anything is called, with the remedy."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.engine.errors import CommandError
from tenantry.engine.stack.environment import backend_of, check, environment, services
from tenantry.engine.stack.project import Project

SYSTEMS = {
    "PGHOST": "127.0.0.1",
    "PGHOSTADDR": "127.0.0.1",
    "PGPASSWORD": "x",
    "ALICLOUD_ACCESS_KEY": "x",
    "ALICLOUD_SECURITY_TOKEN": "x",
    "KUBECONFIG": "/x",
    "TENANTRY_ALIBABA_PROXY": "http://127.0.0.1:1",
}

PASSPHRASE = {"PULUMI_CONFIG_PASSPHRASE": "x"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    return Project(tmp_path)


@pytest.fixture
def listening() -> Iterator[int]:
    """The port of something that listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def silent() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def write_env(project: Project) -> None:
    folder = project.root / ".local"
    folder.mkdir()
    (folder / "env").write_text(
        "# made by `make up`\nexport PULUMI_BACKEND_URL='file:///a b/state'\nexport PATH='/a b/bin':/venv/bin:$PATH\n"
    )


def test_the_embedded_default_needs_no_shell_that_read_its_file(project: Project) -> None:
    write_env(project)
    found = environment(project, "local", {"PATH": "/usr/bin", "X": "1"})
    assert found == {"PATH": "/a b/bin:/venv/bin:/usr/bin", "X": "1", "PULUMI_BACKEND_URL": "file:///a b/state"}


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_a_run_keeps_what_python_compiled(project: Project, stack: str) -> None:
    assert environment(project, stack, {"X": "1", "PYTHONDONTWRITEBYTECODE": "1"}) == {"X": "1"}


@pytest.mark.parametrize(
    ("stack", "given"), [("prod", {}), ("local", {"PULUMI_BACKEND_URL": "s3://x"}), ("local", {"TENANTRY_LOCAL": "/x"})]
)
def test_other_stacks_and_told_environments_are_left_alone(project: Project, stack: str, given: dict[str, str]) -> None:
    write_env(project)
    assert environment(project, stack, given) == given


def test_another_stack_is_told_nothing_of_a_shells_systems(project: Project) -> None:
    kept = {"PATH": "/bin", "PGSSLROOTCERT": "/ca.pem", "PULUMI_BACKEND_URL": "s3://x"}
    assert environment(project, "prod", {**SYSTEMS, **kept}) == kept
    read = {name: value for name, value in SYSTEMS.items() if name != "PGHOSTADDR"}
    named = {**kept, "TENANTRY_SYSTEMS_OF": "prod"}
    assert environment(project, "prod", {**SYSTEMS, **named}) == {**read, **named}
    assert environment(project, "test", {**SYSTEMS, **kept}) == {**read, **kept}


def test_what_libraries_alone_read_is_not_the_embedded_defaults_either(project: Project) -> None:
    write_env(project)
    given = {"PATH": "/usr/bin", "PGHOSTADDR": "192.0.2.1", "PULUMI_OPTION_TARGET": "x", "OSS_ENDPOINT": "x"}
    assert environment(project, "local", given).keys() == {"PATH", "PULUMI_BACKEND_URL"}


def test_the_embedded_defaults_state_is_no_other_stacks(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    env = {**PASSPHRASE, "TENANTRY_LOCAL": str(tmp_path)}
    with pytest.raises(CommandError, match=r"the embedded default's\n.*\.local/env"):
        check("prod", f"file://{tmp_path}/state?metadata=skip", env)
    check("test", f"file://{tmp_path}/state", env)


def test_without_an_address_of_the_state_nothing_is_guessed(project: Project) -> None:
    with pytest.raises(CommandError, match="make up"):
        backend_of(project, {})
    assert backend_of(project, {"PULUMI_BACKEND_URL": "s3://x"}) == "s3://x"


def test_a_missing_state_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="missing or not writable"):
        check("prod", f"file://{tmp_path / 'none'}", PASSPHRASE)


@pytest.mark.parametrize("url", ["s3://bucket", "azblob://x"])
def test_a_self_managed_state_needs_a_passphrase(url: str) -> None:
    with pytest.raises(CommandError, match="PULUMI_CONFIG_PASSPHRASE"):
        check("prod", url, {})
    check("prod", url, {"PULUMI_CONFIG_PASSPHRASE": ""})
    check("prod", url, {"PULUMI_CONFIG_PASSPHRASE_FILE": "/x"})


def test_services_that_do_not_run_are_named_with_the_remedy(tmp_path: Path, silent: int, listening: int) -> None:
    env = {
        **PASSPHRASE,
        "PGHOST": "127.0.0.1",
        "PGPORT": str(silent),
        "TENANTRY_ALIBABA_PROXY": f"http://127.0.0.1:{listening}",
    }
    with pytest.raises(CommandError, match=r"postgresql.*\n.*make up") as caught:
        check("local", f"file://{tmp_path}", env)
    assert "alibaba" not in str(caught.value)
    check("prod", f"file://{tmp_path}", env)
    check("local", f"file://{tmp_path}", {**env, "PGPORT": str(listening)})


def test_the_clusters_address_comes_from_its_kubeconfig(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("clusters: [{cluster: {server: 'https://127.0.0.1:16443'}}]\n")
    assert list(services({"KUBECONFIG": str(kubeconfig)})) == [("kubernetes", "127.0.0.1", 16443)]


def test_a_cluster_that_was_never_made_is_one_that_does_not_run(tmp_path: Path) -> None:
    assert [name for name, *_ in services({"KUBECONFIG": str(tmp_path / "none")})] == ["kubernetes"]
