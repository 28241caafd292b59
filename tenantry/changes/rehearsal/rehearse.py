"""A rehearsal from its plan to its result. Whatever happens, the instance is gone afterwards, unless it is kept."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tenantry.changes.rehearsal.commands import Commands, Interrupted
from tenantry.changes.rehearsal.instance import Instance, InstanceError
from tenantry.changes.rehearsal.plan import Plan
from tenantry.changes.rehearsal.stages import Stages
from tenantry.changes.rehearsal.trees import Tree, base_tree, give_python, request_tree, settle
from tenantry.changes.report.rehearsal_result import Rehearsal, Role
from tenantry.engine.stack.embedded import EMBEDDED_STACK
from tenantry.engine.stack.project import Project


def rehearse(plan: Plan, show: Callable[[str], None], *, is_kept: bool = False) -> Rehearsal:
    """Raises CommandError before anything is started. An interruption ends in a result that says so."""
    commands = Commands(os.environ, show)
    folder = Path(tempfile.mkdtemp(prefix="tenantry-rehearsal-"))
    stages = Stages(plan, Instance(folder / "instance", commands), commands)
    is_interrupted = False
    with commands.interruptible():
        try:
            stages.run(*_trees(plan, folder, stages))
        except Interrupted:
            is_interrupted = True
        finally:
            commands.close()
            _end(folder, stages, is_kept=is_kept)
    facts = plan.sides.facts
    return Rehearsal(
        plan.choice.tenants,
        tuple(stages.done),
        facts.base,
        facts.head,
        plan.choice.left_out,
        tuple(stages.remarks),
        is_interrupted,
    )


def _trees(plan: Plan, folder: Path, stages: Stages) -> tuple[Tree, Tree]:
    """Base and request, each with the rehearsed tenants alone."""
    commands = stages.commands
    base = base_tree(plan.project, plan.commit, folder / "base", plan.tenants)
    request = request_tree(plan.project, folder / "request", plan.tenants)
    if remarks := give_python(base, request, plan.project, commands.environment):
        stages.remarks.append(remarks)
    for tree in (base, request):
        tree.keep(plan.choice.codes())
        _settle(tree, plan)
    names = [", ".join(plan.choice.codes(role)) or "nobody" for role in (Role.AFFECTED, Role.BYSTANDER)]
    commands.say(f"base {plan.commit[:12]}; affected: {names[0]}; must stay untouched: {names[1]}")
    return base, request


def _settle(tree: Tree, plan: Plan) -> None:
    project = Project(tree.root)
    if project.tenants(EMBEDDED_STACK) != tree.tenants or project.zone(EMBEDDED_STACK) != plan.zone:
        settle(tree, plan.zone)


def _end(folder: Path, stages: Stages, *, is_kept: bool) -> None:
    say = stages.commands.say
    if is_kept and stages.instance.is_started:
        clean = f"TENANTRY_LOCAL={folder}/instance .venv/bin/python -m local clean --yes"
        say(f"kept in {folder}: `. {folder}/instance/env`, then `cd {folder}/request`")
        say(f"to remove it: `cd {folder}/base && {clean} && rm -r {folder}`")
        return
    try:
        if stages.instance.is_started:
            say("the instance is taken down ...")
        stages.instance.remove()
    except InstanceError as error:
        say(f"could not be removed, and lies in {folder}: {error}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
