"""Resources of a tenant that Alibaba Cloud still has by name, whatever the state says. The cluster is not asked: see
steps.py.
"""

from collections.abc import Mapping
from typing import Final

from tenantry.backup.clients import BackupClients
from tenantry.engine.clients.alibaba_rpc import call
from tenantry.model.resources.catalogue import CLEAN_UP
from tenantry.model.resources.facts import Question
from tenantry.model.resources.systems.dns import RECORDS

# What a clean-up plan calls `KIND/NAME` -> the requests that say whether it is there.
QUESTIONS: Final[Mapping[str, tuple[Question, ...]]] = {row.kind: row.questions for row in CLEAN_UP}


def left_of(systems: BackupClients, kind: str, name: str) -> str | None:
    """The first answer that something of it is still there, or that nobody knows; None where nothing is left."""
    answers = (_answer(systems, question, name) for question in QUESTIONS.get(kind, ()))
    return next((answer for answer in answers if answer), None)


def left_in_dns(systems: BackupClients, domain: str) -> str | None:
    return _answer(systems, RECORDS, domain)


def _answer(systems: BackupClients, question: Question, name: str) -> str | None:
    """None where there is none; who does not answer has perhaps kept it."""
    parameters = {key: value.format(name=name) for key, value in question.parameters.items()}
    try:
        answer = call(question.host, question.version, question.action, parameters, systems.environment)
    except OSError as error:
        return None if str(error).endswith(f": {question.absent}") else str(error)
    return None if answer.get("TotalCount") == 0 else f"{question.subject.format(name=name)} still there"
