"""Makes pages of templates: everything that is filled in is escaped, and shown without characters that mislead."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.gateway.dashboard import formatting
from services.gateway.dashboard.assets import Assets
from services.gateway.dashboard.charts.chart import Cell, Chart
from services.gateway.dashboard.plain_text import plain
from services.gateway.dashboard.policy import PAGE_HEADERS
from services.gateway.dashboard.visit import KNOWN, Visit

TEMPLATES: Final = Path(__file__).parent / "templates"
THEMES: Final = ("auto", "light", "dark")
THEME_COOKIE: Final = "insights_theme"
_PASSING: Final = frozenset({"download", KNOWN})


class Renderer:
    """Fills templates in."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_finalized,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"asset": assets.url}
        self._environment.filters |= _FILTERS

    def page(
        self,
        visit: Visit,
        template: str,
        *,
        title: str,
        active: str,
        charts: Sequence[Chart | None] = (),
        status: int = 200,
        **values: Any,
    ) -> Response:
        """Returns a page; or one of its charts as a file, where the query has `download`.

        Args:
            visit: Who sees it.
            template: Is filled in.
            title: Is the page's.
            active: Is the entry of the navigation that it is under.
            charts: Are its charts, by name `charts` in the template.
            status: Is the HTTP status.
            **values: Are what the template takes beside.
        """
        drawn = {chart.name: chart for chart in charts if chart is not None}
        wanted = visit.asked("download")
        if wanted and status < 400:
            return self._file(drawn, wanted)
        context = {
            "visit": visit,
            "now": visit.now,
            "title": title,
            "active": active,
            "theme": theme_of(visit.request),
            "charts": drawn,
            "here": here(visit.request),
            "query": lambda name, value: _changed(visit.request, name, value),
            **values,
        }
        return HTMLResponse(self._environment.get_template(template).render(context), status, PAGE_HEADERS)

    def outside(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """Returns a page for somebody who is not signed in."""
        context = {"theme": theme_of(request), **values}
        return HTMLResponse(self._environment.get_template(template).render(context), status, PAGE_HEADERS)

    def _file(self, charts: Mapping[str, Chart], wanted: str) -> Response:
        name, _, kind = wanted.rpartition(".")
        chart = charts.get(name)
        if chart is None or kind not in {"csv", "svg"}:
            return Response("there is no such chart", 404, PAGE_HEADERS, "text/plain")
        content, media_type = (chart.csv(), "text/csv") if kind == "csv" else (self._alone(chart), "image/svg+xml")
        disposition = f'attachment; filename="{name}.{kind}"'
        # The picture carries its own style; nothing in it is taken from elsewhere or runs.
        headers = {
            **PAGE_HEADERS,
            "Content-Disposition": disposition,
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        }
        return Response(content, 200, headers, media_type)

    def _alone(self, chart: Chart) -> str:
        style = Markup("<style>{}</style>").format(Markup(self._assets.text("charts.css")))  # noqa: S704 - our own file
        head, _, rest = chart.svg.partition("<title")
        return f"{head}{style}<title{rest}"


def no_news() -> Response:
    """Returns the answer to a part of a page that shows what there is already."""
    return Response("", 204, PAGE_HEADERS)


def theme_of(request: Request) -> str:
    """Returns the theme that was chosen."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else THEMES[0]


def _finalized(value: Any) -> Any:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def here(request: Request) -> str:
    """Returns where a page is, with what was chosen there."""
    kept = _kept(request)
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path


def _changed(request: Request, name: str, value: str) -> str:
    """Returns where the page is with one part of its query changed."""
    return f"{request.url.path}?{urlencode({**_kept(request), name: value})}"


def _kept(request: Request) -> dict[str, str]:
    return {key: given for key, given in request.query_params.items() if key not in _PASSING}


def _cell(value: Cell) -> Markup | str:
    if isinstance(value, str):
        return _isolated(value)
    return formatting.number(value, digits=5) if isinstance(value, float) else formatting.count(value)


def _isolated(text: str) -> Markup:
    """Returns a text of others, which turns the direction of nothing around it."""
    return Markup("<bdi>{}</bdi>").format(plain(text))


def _time(moment: datetime | None) -> Markup | str:
    if moment is None:
        return formatting.NOTHING
    return Markup('<time datetime="{}">{}</time>').format(
        formatting.machine_instant(moment), formatting.instant(moment)
    )


def _ago(moment: datetime | None, now: datetime) -> Markup | str:
    if moment is None:
        return formatting.NOTHING
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        formatting.machine_instant(moment), formatting.instant(moment), formatting.ago(moment, now)
    )


_FILTERS: Final = {
    "bdi": _isolated,
    "cell": _cell,
    "time": _time,
    "ago": _ago,
    "count": formatting.count,
    "number": formatting.number,
    "share": formatting.share,
    "rate": formatting.rate,
    "change": formatting.change,
    "probability": formatting.probability,
    "p_value": formatting.p_value,
    "plural": formatting.plural,
}
