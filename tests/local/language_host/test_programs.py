"""A user's program is given its settings, and its user is shown its errors."""

import json
import sys

import pytest

COMPONENT = """
import os, sys
import pulumi

class Room(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("scratch:index:Room", name)
        self.register_outputs({})

config = pulumi.Config()
Room("one")
print("said by print")
with open("/proc/self/environ", encoding="utf-8") as stream:
    pulumi.export("in_environment", config.require("hidden_too") in stream.read())
print("said on stderr", file=sys.stderr)
pulumi.export("plain", config.require("plain"))
pulumi.export("hidden", config.require_secret("hidden"))
pulumi.export("is_secret", pulumi.runtime.is_config_secret("scratch:hidden"))
pulumi.export("where", {
    "project": pulumi.get_project(), "stack": pulumi.get_stack(), "organization": pulumi.get_organization(),
    "cwd": os.getcwd(), "root": pulumi.runtime.get_root_directory(), "python": sys.executable, "argv": sys.argv[1:],
})
"""


def test_a_program_gets_its_configuration_its_names_and_its_place(project) -> None:
    project.program(COMPONENT)
    project.pulumi("config", "set", "plain", "1")
    project.pulumi("config", "set", "--secret", "hidden", "known-only-to-us")
    project.pulumi("config", "set", "--secret", "hidden_too", "known-to-the-program-only")
    shown = project.pulumi("up", "--yes", "--skip-preview")
    assert "2 created" in shown
    assert "said by print" in shown
    assert "said on stderr" in shown
    assert "known-only-to-us" not in shown
    assert "warning" not in shown
    outputs = json.loads(project.pulumi("stack", "output", "--json", "--show-secrets"))
    assert outputs["plain"] == "1"
    assert outputs["hidden"] == "known-only-to-us"
    assert outputs["is_secret"] is True
    assert outputs["in_environment"] is False
    assert outputs["where"] == {
        "project": "scratch",
        "stack": "dev",
        "organization": "organization",
        "cwd": str(project.folder),
        "root": str(project.folder),
        "python": sys.executable,
        "argv": [],
    }
    assert "known-only-to-us" not in json.dumps(json.loads(project.pulumi("stack", "export")))
    assert "2 unchanged" in project.pulumi("up", "--yes", "--skip-preview")


def test_a_preview_is_a_dry_run_and_an_update_is_not(project) -> None:
    project.program("import pulumi\nprint('dry', pulumi.runtime.is_dry_run())\n")
    assert "dry True" in project.pulumi("preview")
    assert "dry False" in project.pulumi("up", "--yes", "--skip-preview")


def test_main_may_name_a_folder_or_a_file_with_modules_beside_it(project) -> None:
    project.file("stacks/helper.py", "VALUE = 'from the module beside it'\n")
    project.file("stacks/__main__.py", "import helper\nprint(helper.VALUE)\n")
    project.file("stacks/other.py", "import helper\nprint('other,', helper.VALUE)\n")
    project.file("Pulumi.yaml", "name: scratch\nruntime: python\nmain: stacks/\n")
    assert "from the module beside it" in project.pulumi("preview")
    project.file("Pulumi.yaml", "name: scratch\nruntime: python\nmain: stacks/other.py\n")
    assert "other, from the module beside it" in project.pulumi("preview")


def test_the_users_imports_never_find_modules_of_the_host(project) -> None:
    project.program(
        "from importlib.util import find_spec\n"
        "print('found', [name for name in ('host', 'child', 'children', 'packages', 'program') if find_spec(name)])\n"
    )
    assert "found []" in project.pulumi("preview")


WRAPPED = """
def inner():
    return {}["missing"]
def outer():
    try:
        inner()
    except KeyError as error:
        raise ValueError("wrapped") from error
outer()
"""
IN_APPLY = "import pulumi\npulumi.export('x', pulumi.Output.from_input(1).apply(lambda one: one / 0))\n"
WRONG_CALL = "import pulumi\npulumi.ComponentResource('a', 'b', opts=5)\n"
BAD_SYNTAX = "import pulumi\ndef f(:\n"
BAD_IMPORT = "import not_there_at_all\n"


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (WRAPPED, ["in inner", "line 8, in outer", "KeyError: 'missing'", "ValueError: wrapped"]),
        (IN_APPLY, ["in <lambda>", "ZeroDivisionError: division by zero"]),
        (WRONG_CALL, ["line 2", "TypeError: Expected resource options"]),
        (BAD_SYNTAX, ["line 2", "SyntaxError"]),
        (BAD_IMPORT, ["line 1", "ModuleNotFoundError: No module named 'not_there_at_all'"]),
    ],
    ids=["exception", "apply", "sdk", "syntax", "import"],
)
def test_an_error_is_shown_once_with_the_users_own_frames(project, program: str, expected: list[str]) -> None:
    project.program(program)
    shown = project.pulumi("preview", ok=False)
    report = shown[shown.index("Diagnostics:") :]
    for part in expected:
        assert report.count(part) == 1, report
    for internal in ("site-packages/pulumi", "language_host", "asyncio", "frozen", "non-zero exit code"):
        assert internal not in report, report


def test_a_run_error_is_its_message_alone(project) -> None:
    project.program("import pulumi\nraise pulumi.RunError('k001.yaml: the phone is wrong')\n")
    shown = project.pulumi("up", "--yes", "--skip-preview", ok=False)
    report = shown[shown.index("Diagnostics:") :]
    assert report.count("error:") == 1
    assert "error: k001.yaml: the phone is wrong" in report
    assert "Traceback" not in report


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("raise SystemExit(3)\n", "program exited with non-zero exit code: 3"),
        ("raise SystemExit('why it stopped')\n", "error: why it stopped"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "program was ended by signal SIGKILL"),
    ],
    ids=["status", "message", "signal"],
)
def test_a_program_that_ends_itself_fails_the_run(project, program: str, expected: str) -> None:
    project.program(program)
    assert expected in project.pulumi("preview", ok=False)


def test_a_project_without_a_program_says_so(project) -> None:
    assert "holds no __main__.py" in project.pulumi("preview", ok=False)


def test_a_named_virtualenv_is_used_and_a_missing_one_is_an_error_with_a_remedy(project) -> None:
    project.program("import os, sys\nprint('python is', sys.prefix, os.environ['VIRTUAL_ENV'])\n")
    project.file("Pulumi.yaml", "name: scratch\nruntime:\n  name: python\n  options:\n    virtualenv: venv\n")
    shown = project.pulumi("preview", ok=False)
    assert f"{project.folder}/venv" in shown
    assert "remove the option" in shown
    (project.folder / "venv").symlink_to(sys.prefix)
    assert f"python is {project.folder}/venv {project.folder}/venv" in project.pulumi("preview")


def test_a_long_configuration_reaches_the_program_whole(project) -> None:
    project.program("import pulumi\nprint('length', len(pulumi.Config().require('long')))\n")
    (project.folder / "Pulumi.dev.yaml").open("a", encoding="utf-8").write(
        f"config:\n  scratch:long: {'x' * 300_000}\n"
    )
    assert "length 300000" in project.pulumi("preview")
