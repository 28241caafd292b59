"""The project is found from any folder in it, and a stack's settings are read without a secret being looked at."""

import re
from pathlib import Path

import pytest

from tenantry.engine.errors import CommandError
from tenantry.engine.stack.project import Project
from tenantry.spec.setting_keys import ENCRYPTED

PULUMI = """\
name: shop
runtime: python
backend: {url: "file://./state"}
config:
  zone: {type: string, default: yyup.cc}
  today: {type: string, default: ""}
""" + "".join(f'  {key}: {{type: string, default: ""}}\n' for key in ENCRYPTED)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "Pulumi.yaml").write_text(PULUMI)
    return Project(tmp_path)


def test_it_is_found_from_below(project: Project) -> None:
    below = project.root / "a" / "b"
    below.mkdir(parents=True)
    assert Project.find(below).root == project.root
    assert Project.find(project.root).name == "shop"


def test_where_there_is_none_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no Pulumi\.yaml"):
        Project.find(tmp_path)


def test_the_stack_wins_over_the_default(project: Project) -> None:
    (project.root / "Pulumi.prod.yaml").write_text("config: {'tenantry:zone': example.org}\n")
    assert project.setting("prod", "zone") == "example.org"
    assert project.setting("local", "zone") == "yyup.cc"


@pytest.mark.parametrize(
    ("held", "cells"),
    [("[platform, cells]", None), ("[cell/c02, cell/main]", {"c02", "main"}), ("[platform]", set())],
)
def test_the_cells_that_a_stack_holds(project: Project, held: str, cells: set[str] | None) -> None:
    (project.root / "Pulumi.prod.yaml").write_text(f"config: {{'tenantry:holds': {held}}}\n")
    assert project.cells("prod") == cells
    assert project.cells("local") is None


@pytest.mark.parametrize("text", ['\'["platform", "cell/c02"]\'', "[platform, cell/c02]"])
def test_a_list_is_one_however_it_was_written(project: Project, text: str) -> None:
    (project.root / "Pulumi.prod.yaml").write_text(f"config: {{'tenantry:holds': {text}}}\n")
    assert project.cells("prod") == {"c02"}


@pytest.mark.parametrize("text", ["cells", "'{}'", "'7'"])
def test_a_list_that_is_none_is_refused(project: Project, text: str) -> None:
    (project.root / "Pulumi.prod.yaml").write_text(f"config: {{'tenantry:holds': {text}}}\n")
    with pytest.raises(CommandError, match="tenantry:holds of the stack `prod` is no list"):
        project.cells("prod")


@pytest.mark.parametrize("text", ["2026-10-01", "0017", "no", "1e3", "1_000", "true", "0x1f", "12:30"])
def test_a_value_without_quotes_is_the_one_that_is_written(project: Project, text: str) -> None:
    (project.root / "Pulumi.prod.yaml").write_text(f"config:\n  tenantry:today: {text}\n")
    assert project.setting("prod", "today") == text


@pytest.mark.parametrize("stack", ["prod", "prdo"])
def test_a_stack_without_settings_is_not_taken_for_one_of_all_defaults(project: Project, stack: str) -> None:
    (project.root / "Pulumi.prod.yaml").touch()
    if stack == "prod":
        project.require(stack)
    else:
        with pytest.raises(CommandError, match=r"there is no Pulumi\.prdo\.yaml"):
            project.require(stack)


@pytest.mark.parametrize("name", ["today", "unknown"])
def test_an_empty_text_means_not_set(project: Project, name: str) -> None:
    assert project.setting("local", name) is None


def test_an_encrypted_setting_is_none_of_ours(project: Project) -> None:
    (project.root / "Pulumi.prod.yaml").write_text("config: {'tenantry:zone': {secure: v1:abc}}\n")
    assert project.setting("prod", "zone") is None


def test_a_zone_that_is_none_is_refused(project: Project) -> None:
    (project.root / "Pulumi.prod.yaml").write_text('config: {"tenantry:zone": "*.cc"}')
    with pytest.raises(CommandError, match=r"tenantry:zone is no DNS zone: \*\.cc"):
        project.zone("prod")
    assert project.zone("local") == "yyup.cc"


def test_the_states_address_may_stand_in_the_project(project: Project) -> None:
    assert project.backend_url == "file://./state"


@pytest.mark.parametrize("text", ["name: [", "name: \xff"])
def test_a_broken_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(CommandError, match=r"Pulumi\.yaml"):
        _ = Project(tmp_path).name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config:\n<<<<<<< HEAD\n  tenantry:zone: a.cc\n=======\n", "2: is a conflict marker of git (<<<<<<<)"),
        ("config:\n  tenantry:zone：a.cc\n  tenantry:today: b\n", "2: holds U+FF1A FULLWIDTH COLON"),
        ("config:\n\ttenantry:zone: a.cc\n", "2: is indented with a tab"),
        ("config:\n  tenantry:zone: [a\n", "3: is no YAML"),
    ],
)
def test_a_slip_in_a_stacks_file_is_named_at_its_line(project: Project, text: str, said: str) -> None:
    (project.root / "Pulumi.prod.yaml").write_text(text)
    for read in (project.require, project.zone):
        with pytest.raises(CommandError, match=rf"^Pulumi\.prod\.yaml:{re.escape(said)}"):
            read("prod")


@pytest.mark.parametrize("text", ["", "[]", "config:", "config: []"])
def test_an_empty_stack_file_sets_nothing(project: Project, text: str) -> None:
    (project.root / "Pulumi.prod.yaml").write_text(text)
    assert project.setting("prod", "zone") == "yyup.cc"


@pytest.mark.parametrize("name", ["prod", "organization/prod", "organization/shop/prod"])
def test_a_stack_has_one_plain_name_however_the_engine_may_be_told_it(project: Project, name: str) -> None:
    assert project.stack(name) == "prod"


@pytest.mark.parametrize(
    "name",
    [
        *("", "/", "/prod", "prod/", "acme/prod", "acme/shop/prod", "organization/other/prod"),
        *("organization/shop/", "organization/shop/eu/prod", "../prod", "organization/shop/..\\prod"),
        *("..", "organization/shop/.", "pröd", "a b", "x" * 101),
    ],
)
def test_what_is_no_stack_of_the_project_is_refused(project: Project, name: str) -> None:
    with pytest.raises(CommandError, match=r"no stack of the project shop\n.*organization/shop/NAME"):
        project.stack(name)


CONFIG = """\
encryptionsalt: v1:abc
config:
  tenantry:zone: example.org
  {entry}
"""


def written(project: Project, entry: str) -> None:
    (project.root / "Pulumi.prod.yaml").write_text(CONFIG.format(entry=entry))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("tenantry:imageDigst: true", "tenantry:imageDigst is no setting, nothing reads it: Pulumi.yaml describes"),
        ("tenantry:todya: x", "tenantry:todya is no setting, nothing reads it: is tenantry:today meant?"),
        ("tenantry:Zone: x", "is tenantry:zone meant?"),
        ("tenatry:zone: x", "tenatry:zone is no setting, nothing reads it: is tenantry:zone meant?"),
        ("alicloud:region: cn-beijing", "alicloud:region is no setting"),
        ("today: x", "shop:today is no setting, nothing reads it: is tenantry:today meant?"),
        ("tenantry:today: 2026-10-01", "tenantry:today: YAML reads another text"),
        ("tenantry:today: 0017", "put it in quotes"),
        ("tenantry:today: 1_000", "put it in quotes"),
        ("tenantry:today: 0o17", "put it in quotes"),
        ("tenantry:today: 12:30", "put it in quotes"),
        ("tenantry:today: 1.50", "put it in quotes"),
        ("tenantry:today: 99999999999999999999", "put it in quotes"),
        ("tenantry:today: [x, 2026-10-01]", "put it in quotes"),
        ("tenantry:today: https://admin:hunter2@rent.example.com", "tenantry:today: holds an address with a password"),
        ("tenantry:today: [a, LTAI5tAbCdEfGhIjKlMnOpQr]", "holds an access key of Alibaba Cloud in clear"),
        *(
            (f"{key}: {text}", "in clear: `pulumi config set --secret`")
            for key, text in [
                ("tenantry:today", f"ghp_{'a1B2' * 9}"),
                ("tenantry:today", f"[a, glpat-{'x9' * 10}]"),
                ("tenantry:today", "AKIAQ4XTR7ABCDEFGHIJ"),
                ("tenantry:today", f"https://hooks.slack.com/services/T0000/B0000/{'a1' * 12}"),
                ("tenantry:foundation", f"{{registry: {{secure: a, adopt: ghp_{'a1B2' * 9}}}}}"),
                ("pulumi:tags", f"{{a: SG.{'a1' * 11}.{'b2_' * 14}c}}"),
            ]
        ),
        (
            "tenantry:foundation: {registry: {adopt: https://a:hunter2@registry.example.com}}",
            "in clear: `pulumi config",
        ),
    ],
)
def test_what_would_count_for_nothing_is_refused_by_its_line(project: Project, entry: str, said: str) -> None:
    written(project, entry)
    with pytest.raises(CommandError, match=rf"^Pulumi\.prod\.yaml:4: .*{re.escape(said)}"):
        project.require("prod")


@pytest.mark.parametrize(
    "entry",
    [
        'tenantry:today: "2026-10-01"',
        "tenantry:today: '0017'",
        "tenantry:today: 5432",
        "tenantry:today: -1",
        "tenantry:today: 192.0.2.10",
        "tenantry:today: 30 2 * * *",
        "tenantry:today: [192.0.2.0/28:5432]",
        "tenantry:today: {secure: v1:abc}",
        "pulumi:tags: {a: b}",
        "tenantry:today: {secure: LTAI5tAbCdEfGhIjKlMnOpQr}",
        "tenantry:today: [{a: {secure: LTAI5tAbCdEfGhIjKlMnOpQr}}]",
        f"tenantry:today: registry.example.com/app:1.0.0@sha256:{'0a' * 32}",
        "tenantry:databasePassword: {secure: v1:abc}",
        'tenantry:kubeconfig: ""',
        "tenantry:redisUrls: {k001: {secure: v1:abc}}",
        "tenantry:today: https://rent.example.com:4001",
    ],
)
def test_what_stays_as_it_is_written_is_not(project: Project, entry: str) -> None:
    written(project, entry)
    project.require("prod")


@pytest.mark.parametrize("key", ENCRYPTED)
@pytest.mark.parametrize("text", ["a plain word", "{k001: a}", "[{secure: v1:abc}, b]"])
def test_a_setting_that_is_a_secret_stands_nowhere_in_clear(project: Project, key: str, text: str) -> None:
    written(project, f"tenantry:{key}: {text}")
    said = rf"^Pulumi\.prod\.yaml:4: tenantry:{key}: stands in clear: run `pulumi config set --secret tenantry:{key} "
    with pytest.raises(CommandError, match=said):
        project.require("prod")


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_the_stacks_of_this_project_are_in_order(stack: str) -> None:
    Project.find(Path(__file__)).require(stack)
