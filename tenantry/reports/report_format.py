"""The forms of the report of a request."""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenantry.reports.request_report import RequestReport


class ReportFormat(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def written(report: "RequestReport", form: ReportFormat) -> str:
    """Ends with a new line."""
    from tenantry.reports.markdown import markdown
    from tenantry.reports.plain_text import plain_text
    from tenantry.reports.request_report import to_json

    match form:
        case ReportFormat.TEXT:
            return plain_text(report)
        case ReportFormat.MARKDOWN:
            return markdown(report)
        case ReportFormat.JSON:
            return to_json(report) + "\n"
