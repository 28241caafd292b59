"""The forms of the report of a request."""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenantry.changes.report.request_report import RequestReport


class ReportFormat(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def format_report(report: "RequestReport", form: ReportFormat) -> str:
    """Ends with a new line."""
    from tenantry.changes.report.markdown import markdown
    from tenantry.changes.report.plain_text import plain_text
    from tenantry.changes.report.request_report import to_json

    match form:
        case ReportFormat.TEXT:
            return plain_text(report)
        case ReportFormat.MARKDOWN:
            return markdown(report)
        case ReportFormat.JSON:
            return to_json(report) + "\n"
