"""Policy packs and providers written in Python, and what the engine learns about a project's packages."""

import sys
from importlib.metadata import version

PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def forbid(args, report):
    if args.name == "forbidden":
        report("this name is not allowed")

PolicyPack("pack", policies=[ResourceValidationPolicy(
    name="names", description="Some names are not allowed.", validate=forbid,
    enforcement_level=EnforcementLevel.MANDATORY)])
"""
USES = """
import pulumi
class Room(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("scratch:index:Room", name)
Room({name!r})
"""
PROVIDER = """
import sys
from pulumi.provider.experimental import provider as api
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import main

class Echo(api.Provider):
    async def create(self, request):
        return api.CreateResponse("made", dict(request.properties, said=PropertyValue("by the provider")))
    async def delete(self, request):
        return None

if __name__ == "__main__":
    main(sys.argv[1:], "0.1.0", Echo())
"""
USES_PROVIDER = """
import pulumi
class Thing(pulumi.CustomResource):
    said: pulumi.Output[str]
    def __init__(self, name):
        super().__init__("echo:index:Thing", name, {"said": None})
pulumi.export("said", Thing("one").said)
"""


def add_pack(project) -> str:
    project.file("pack/PulumiPolicy.yaml", "runtime: python\n")
    project.file("pack/__main__.py", PACK)
    return str(project.folder / "pack")


def test_a_mandatory_policy_fails_the_preview_of_what_breaks_it_only(project) -> None:
    pack = add_pack(project)
    project.program(USES.format(name="forbidden"))
    shown = project.pulumi("preview", "--policy-pack", pack, ok=False)
    assert "this name is not allowed" in shown
    assert "[mandatory]" in shown
    project.program(USES.format(name="allowed"))
    project.pulumi("preview", "--policy-pack", pack)
    assert project.all_gone(5)


def test_a_pack_that_cannot_start_says_why(project) -> None:
    pack = add_pack(project)
    project.file("pack/__main__.py", "raise ValueError('the pack is broken')\n")
    project.program(USES.format(name="allowed"))
    assert "the pack is broken" in project.pulumi("preview", "--policy-pack", pack, ok=False)
    assert project.all_gone(5)


def test_a_python_provider_of_the_project_serves_and_ends_with_the_engine(project) -> None:
    project.file("provider/PulumiPlugin.yaml", "runtime: python\n")
    project.file("provider/__main__.py", PROVIDER)
    project.file(
        "Pulumi.yaml", "name: scratch\nruntime: python\nplugins:\n  providers:\n    - {name: echo, path: ./provider}\n"
    )
    project.program(USES_PROVIDER)
    shown = project.pulumi("up", "--yes", "--skip-preview")
    assert "by the provider" in shown
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert project.all_gone(5)


def test_installed_sdks_are_what_the_engine_believes_the_project_needs(project) -> None:
    project.program("")
    shown = project.pulumi("about")
    assert sys.executable in shown
    installed = {line.split()[0]: line.split()[1] for line in shown.splitlines() if line.startswith("pulumi")}
    assert installed.get("pulumi") == version("pulumi")
    assert installed.get("pulumi_random") == version("pulumi-random") or "pulumi-random" in installed


def test_installing_says_that_uv_does_it(project) -> None:
    project.program("")
    assert "uv sync" in project.pulumi("install", "--no-plugins")
