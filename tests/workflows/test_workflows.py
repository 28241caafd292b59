"""What runs on the forge is pinned, and has no more rights and credentials than it uses; its syntax and expressions hold."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.workflow_lint import WORKFLOWS, actionlint, zizmor

WRONG = """
on: push
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@main
      - run: echo ${{ github.event.head_commit.message }} ${{ needs.two.outputs.x }}
"""


def test_nothing_is_found_in_the_workflows() -> None:
    assert zizmor(WORKFLOWS) == ""
    assert actionlint(WORKFLOWS) == ""


@pytest.mark.parametrize(("lint", "found"), [(zizmor, "template-injection"), (actionlint, "potentially untrusted")])
def test_what_is_wrong_is_found(lint: Callable[[Path], str], found: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.yml").write_text(WRONG)
    assert found in lint(tmp_path)
