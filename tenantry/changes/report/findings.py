"""Errors and warnings of a preview as a report shows them: by policy and remedy, without secrets and personal data."""

import re
from collections.abc import Mapping
from typing import Any, Final

from tenantry.changes.report.statements import ReportedFinding

# As policies/analyzer/evaluator.py writes it, behind what tenantry/engine/run/progress.py puts before, and the policy's
# description where the engine puts that between the two.
_POLICY: Final = re.compile(
    r"policy (?P<policy>[a-z-]+): (?:[^\n:]*\n)?(?:[^:\s]+: )?(?:[A-Z][^:]*: )?"
    r"(?P<rule>[a-z]+(?:-[a-z]+)+): (?P<wrong>.*?)"
    r"(?:\s+Remedy: (?P<remedy>.*))?",
    re.DOTALL,
)
# What the pack reports and refuses nothing for: the description says less than what follows it.
_DESCRIBED: Final = re.compile(r"\A(policy [a-z-]+: )[^\n:]*\n")
_PHONE: Final = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")  # a version at the end is none
# Of another number in each answer of Alibaba Cloud: without it the same error of many tenants is one.
_OF_ONE_ANSWER: Final = re.compile(r"\s*(?:RequestId: \S+|RespHeaders: map\[(?:[^\[\]]|\[[^\[\]]*\])*\]\]?)")
_HIDDEN: Final = "(hidden)"


def finding_of(said: Mapping[str, Any]) -> ReportedFinding:
    """One of the `errors` or `warnings` of `tenantry preview --json`."""
    text = masked(_OF_ONE_ANSWER.sub("", str(said.get("text", ""))))
    tenant, resource = str(said.get("tenant", "")), str(said.get("resource", ""))
    if (policy := _POLICY.fullmatch(text)) is None:
        text = _DESCRIBED.sub(r"\1", text)
        return ReportedFinding(tenant, resource, "", text, masked(str(said.get("remedy", ""))))
    return ReportedFinding(tenant, resource, policy["rule"], policy["wrong"], policy["remedy"] or "")


def masked(text: str) -> str:
    """Without phone numbers and addresses, and without a line that looks like a credential.

    What the stack knows as a secret is taken out where it was said; this is for what a program printed by itself.
    """
    from tenantry.spec.secret_detection.detector import detected  # its plugins take a while to load

    lines = (_HIDDEN if detected(line) else line for line in text.splitlines())
    return _EMAIL.sub(_HIDDEN, _PHONE.sub(_HIDDEN, "\n".join(lines)))
