"""`python -m tenantry.watch.dashboards.generate` writes the JSON files, by Grafana's SDK (a development dependency)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.builders import bargauge, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from tenantry.watch.dashboards.content import BOARDS, Board, Form, Panel

FOLDER: Final = Path(__file__).parent
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${source}")  # the viewer's choice: no address stands here
HEIGHT: Final = 8
_FORMS: Final[Mapping[Form, Callable[[], Any]]] = {
    Form.NUMBER: stat.Panel,
    Form.LINES: timeseries.Panel,
    Form.BARS: bargauge.Panel,
    Form.TABLE: table.Panel,
}


def to_json(board: Board) -> str:
    """The form in which Grafana saves it, without a date: what did not change stays as it is, byte for byte."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(f"tenantry-{board.name}")
        .tags(["tenantry"])
        .refresh("1m")
        .time("now-6h", "now")
        .readonly()
        .with_variable(dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus"))
    )
    if board.variable is not None:
        name, query = board.variable
        made = made.with_variable(dashboard.QueryVariable(name).label(name).datasource(SOURCE).query(query))
    number = 0
    for title, panels in board.rows:
        number += 1
        made = made.with_row(dashboard.Row(title).id(number))
        for panel in panels:
            number += 1
            made = made.with_panel(_panel(panel).id(number))
    return JSONEncoder(sort_keys=True, indent=1).encode(made.build()) + "\n"


def _panel(panel: Panel) -> Any:
    target = prometheus.Dataquery().expr(panel.query).legend_format(panel.legend).ref_id("A")
    if panel.form is Form.TABLE:
        target = target.instant().format(PromQueryFormat.TABLE)
    elif panel.form is not Form.LINES:
        target = target.instant()
    made = (
        _FORMS[panel.form]()
        .title(panel.title)
        .datasource(SOURCE)
        .with_target(target)
        .unit(panel.unit)
        .height(HEIGHT)
        .span(panel.width)
    )
    if panel.explained:
        made = made.description(panel.explained)
    return made if panel.limits is None else made.thresholds(_limits(*panel.limits))


def _limits(warn: float, grave: float) -> dashboard.ThresholdsConfig:
    colours = [(None, "green"), (warn, "yellow"), (grave, "red")]
    steps = [Threshold(value=value, color=colour) for value, colour in colours]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def main() -> None:
    for board in BOARDS:
        (FOLDER / f"{board.name}.json").write_text(to_json(board), "utf-8")


if __name__ == "__main__":
    main()
