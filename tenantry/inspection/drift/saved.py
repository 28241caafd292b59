"""The look as JSON, for programs and for the job that posts it; what is read is checked, and escaped when shown."""

import json
from dataclasses import asdict
from typing import Any, Final

from tenantry.changes.report.request_report import UnreadableReportError
from tenantry.inspection.drift.model import TITLES, Drift, by_tenant
from tenantry.parsing.json_narrowing import mapping

FORMAT: Final = 1


def to_json(drift: Drift) -> str:
    """Grouped by tenant, the gravest first; what all share is `""`."""
    tenants = {
        code: [
            {
                **{key: value for key, value in asdict(finding).items() if key != "tenant"},
                "class": TITLES[finding.gravity],
            }
            for finding in findings
        ]
        for code, findings in by_tenant(drift.findings).items()
    }
    document = {
        "format": FORMAT,
        "stack": drift.stack,
        "worst": TITLES[drift.worst] if drift.worst is not None else None,
        "exitCode": drift.exit_code,
        "lookedAt": drift.looked_at,
        "resources": drift.resources,
        "seconds": drift.seconds,
        "unseen": drift.unseen,
        "mended": drift.mended,
        "tenants": tenants,
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def from_json(text: str) -> Drift:
    """Raises UnreadableReportError when it is none, or one of another format."""
    from pydantic import TypeAdapter, ValidationError

    try:
        document = mapping(json.loads(text))
    except ValueError as error:
        raise UnreadableReportError(f"it is no JSON ({error})") from None
    if document.get("format") != FORMAT or "tenants" not in document:
        raise UnreadableReportError(
            f"it is no look for drift of format {FORMAT}: `tenantry drift --format json` writes one"
        )
    names = {"stack": "stack", "looked_at": "lookedAt", "resources": "resources", "seconds": "seconds",
             "unseen": "unseen", "mended": "mended"}  # fmt: skip
    fields: dict[str, Any] = {name: document.get(key) for name, key in names.items()}
    fields["findings"] = [
        {**{key: value for key, value in mapping(finding).items() if key != "class"}, "tenant": code}
        for code, listed in mapping(document["tenants"]).items()
        for finding in listed
    ]
    try:
        return TypeAdapter(Drift).validate_json(json.dumps(fields))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UnreadableReportError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
