"""The template of every page and what fills it: answers, sections, the one copy of Vega."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import jinja2
import vl_convert
from markupsafe import Markup, escape

from alvh._core import __version__
from alvh.report import DISCLAIMER
from alvh.report.page.model import Section
from alvh.report.page.spec import CONFIG

__all__ = ["Answer", "rendered"]


class Answer(NamedTuple):
    """What stands at the top of a page: the first sentence large, the others beneath."""

    name: str
    title: str
    sentences: Sequence[str]


def rendered(question: str, answers: Sequence[Answer], sections: Sequence[Section]) -> str:
    """Return the page as text; `question` is its heading."""
    return _template().render(
        question=question,
        version=__version__,
        answers=answers,
        sections=sections,
        disclaimer=DISCLAIMER,
        config=CONFIG,
        css=Markup(_asset("page.css")),  # noqa: S704 -- our own file
        js=Markup(_asset("page.js")),  # noqa: S704 -- our own file
        bundle=Markup(_bundle()),  # noqa: S704 -- Vega's own code
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["script"] = _script
    environment.filters["breakable"] = _breakable
    return environment.from_string(_asset("page.html"))


def _script(value: Any) -> Markup:
    """Write JSON for a script element, which any of these characters could end."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 -- made safe above


def _breakable(name: str) -> Markup:
    """Let a browser break a name after an underscore, as the terminal does."""
    return escape(name).replace("_", Markup("_<wbr>"))


@cache
def _bundle() -> str:
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


def _asset(name: str) -> str:
    return files("alvh.report.page").joinpath("assets", name).read_text(encoding="utf-8")
