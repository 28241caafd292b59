"""Denials: the answers of the Kubernetes API that prove the control that was meant."""

from collections.abc import Collection, Sequence

from tenantry.engine.clients.kubernetes import Answer
from tenantry.inspection.verify.core.attack import Verdict, inconclusive, passed, vulnerable


def refused_by_rights(answer: Answer) -> Verdict:
    """Held when RBAC itself said no; an admission's word would mean that the right was there."""
    if answer.status == 403 and " is forbidden: User " in answer.said:
        return passed()
    return _not_denied(answer, "the right is there: ")


def refused_by(ways: Sequence[Collection[str]], answer: Answer) -> Verdict:
    """Held when an admission rule said all the words of one of these ways."""
    message = str(answer.document.get("message"))
    if answer.status in (403, 422) and any(all(words in message for words in way) for way in ways):
        return passed()
    wanted = " or ".join(" ".join(way) for way in ways)
    return _not_denied(answer, f"`{wanted}` was not said: ")


def by_admission_policy(rail: str, sentence: str = "") -> tuple[str]:
    """The API server's message for an admission policy, which no object's name can imitate; each sentence of ours
    begins with the policy's name.
    """
    return (f"ValidatingAdmissionPolicy '{rail}' with binding '{rail}' denied request: {rail}: {sentence}",)


def by_pod_security(reason: str) -> tuple[str, str]:
    return ('violates PodSecurity "restricted', reason)


def _not_denied(answer: Answer, why: str) -> Verdict:
    return vulnerable(why + answer.said) if answer.status < 300 else inconclusive(why + answer.said)
