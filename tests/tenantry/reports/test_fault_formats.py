"""Faults as a forge reads them: on their line of a request, in code scanning, in other programs."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tenantry.cli import app
from tenantry.parsing.faults import Fault
from tenantry.reports.fault_formats import from_repository_root, github_commands, sarif
from tests.support.requests.repository import Clone, git

Run = Callable[..., tuple[int, str, str]]
FAULT = Fault("tenants/k001.yaml", 3, "phone", "is 100% no mobile number", "write 1, a digit")
LATER = Fault("tenants/k002.yaml", 9, "api_keys[3].rotation", "is 4", "write 2")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tenantry", "validate", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            app.main()
        out, err = capsys.readouterr()
        return int(caught.value.code or 0), out, err

    return call


@pytest.fixture
def clone(tmp_path: Path, good: str) -> Clone:
    return Clone.make(tmp_path, {"k001.yaml": good})


def test_a_workflow_command_a_fault() -> None:
    assert list(github_commands([FAULT], [LATER])) == [
        "::error file=tenants/k001.yaml,line=3,title=phone::phone: is 100%25 no mobile number, write 1, a digit",
        "::warning file=tenants/k002.yaml,line=9,title=api_keys[3].rotation::api_keys[3].rotation: is 4, write 2",
    ]


@pytest.mark.parametrize("text", ["a,b", "a:b", "a\nb", "a\r::error::b", "a%0Ab", "a::b"])
def test_nothing_in_a_name_or_a_field_ends_the_command(text: str) -> None:
    (line,) = github_commands([Fault(f"tenants/{text}.yaml", 1, text, text, text)], [])
    assert line.isprintable()
    place, _, _ = line.removeprefix("::error ").partition("::")
    assert [part.split("=")[0] for part in place.split(",")] == ["file", "line", "title"]
    assert ":" not in place
    assert "a%0Ab" not in line  # a per cent sign of the text's own is none of the command's


def test_sarif_names_place_rule_and_level() -> None:
    log = sarif([FAULT], [LATER], "1.2.3")
    (scan,) = log["runs"]
    assert (log["version"], scan["tool"]["driver"]["name"], scan["tool"]["driver"]["version"]) == (
        "2.1.0",
        "tenantry",
        "1.2.3",
    )
    assert [rule["id"] for rule in scan["tool"]["driver"]["rules"]] == ["api_keys.rotation", "phone"]
    assert [(result["ruleId"], result["level"]) for result in scan["results"]] == [
        ("phone", "error"),
        ("api_keys.rotation", "warning"),
    ]
    place = scan["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "tenants/k001.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3}


def test_a_path_is_an_address_in_sarif() -> None:
    log: Any = sarif([Fault("tenants/a b%.yaml", 1, "file", "x", "y")], [], "1")
    (result,) = log["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "tenants/a%20b%25.yaml"


def test_paths_begin_at_the_root_of_the_repository(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for place, file in ((clone.root, "tenants/k001.yaml"), (clone.tenants, "k001.yaml")):
        monkeypatch.chdir(place)
        assert from_repository_root([Fault(file, 1, "x", "y", "z")])[0].file == "tenants/k001.yaml"
    link = tmp_path / "link"
    link.symlink_to(clone.root)
    assert from_repository_root([Fault(f"{link}/tenants/gone.yaml", 1, "x", "y", "z")])[0].file == "tenants/gone.yaml"
    outside = Fault(str(tmp_path / "k001.yaml"), 1, "x", "y", "z")
    assert from_repository_root([outside]) == [outside]


def test_each_format_says_the_same(clone: Clone, run: Run) -> None:
    clone.replace("k001.yaml", "13800138001", "13900138001")
    arguments = (clone.tenants, "--base", "origin/main", "--today", "2026-11-01")
    code, out, err = run(*arguments)
    assert (code, out) == (1, "1 fault in 1 file\n")
    assert err.startswith(f"{clone.tenants}/k001.yaml:3: phone: is not the one of origin/main, write phone:")
    code, out, err = run(*arguments, "--format", "github")
    assert code == 1
    assert out.startswith("::error file=tenants/k001.yaml,line=3,title=phone::phone: is not the one of origin/main")
    assert f"{clone.tenants}/k001.yaml:3: phone" in err
    code, out, err = run(*arguments, "--format", "sarif")
    assert (code, err) == (1, "")
    assert json.loads(out)["runs"][0]["results"][0]["ruleId"] == "phone"
    code, out, err = run(*arguments, "--format", "json")
    assert (code, err) == (1, "")
    document = json.loads(out)
    assert (document["result"], document["tenants"], document["warnings"]) == ("refused", 1, [])
    assert [(fault["file"], fault["line"], fault["field"]) for fault in document["faults"]] == [
        ("tenants/k001.yaml", 3, "phone")
    ]


def test_all_is_fine_in_each_format(clone: Clone, run: Run) -> None:
    arguments = (clone.tenants, "--base", "origin/main", "--today", "2026-11-01", "--format")
    assert run(*arguments, "text") == (0, "1 tenant and 0 tombstones are fine\n", "")
    assert run(*arguments, "github") == (0, "1 tenant and 0 tombstones are fine\n", "")
    assert json.loads(run(*arguments, "sarif")[1])["runs"][0]["results"] == []
    assert json.loads(run(*arguments, "json")[1])["result"] == "ok"


def test_a_base_that_is_none_is_no_fault_of_a_file(clone: Clone, run: Run) -> None:
    code, out, err = run(clone.tenants, "--base", "nowhere")
    assert (code, out) == (1, "")
    assert "nowhere is no revision here: name a commit, tag, branch" in err


def test_no_network_and_no_credential_is_needed(clone: Clone, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only git is called, never with what asks a remote, and nothing of the environment is needed but PATH."""
    for name in ("ALICLOUD_ACCESS_KEY", "PULUMI_CONFIG_PASSPHRASE", "PGPASSWORD", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    git(clone.root, "remote", "set-url", "origin", "/nowhere")
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "none")
    assert run(clone.tenants, "--base", "origin/main", "--today", "2026-11-01")[0] == 0
