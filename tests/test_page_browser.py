"""The HTML page in a real browser: drawn, silent, alone, and inside a phone's width."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from alvh import chain
from alvh.report.page import write_page, write_scores_page
from alvh.scoring import ScoreJob, score_files
from page_samples import Read, replayed, simulated

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

PHONE, DESK = 390, 1280
VIEWS = [(scheme, width) for scheme in ("light", "dark") for width in (PHONE, DESK)]
PATIENCE = 60_000  # milliseconds, on a busy machine


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(path, [simulated(), replayed()])
    return path


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """The page of `alvh score`, with a file that cannot be read."""
    folder = tmp_path_factory.mktemp("scores")
    chain.synthetic(longest=7).drop("line").write_parquet(folder / "friday.parquet")
    (folder / "broken.csv").write_text("not a chain")
    write_scores_page(folder / "best.html", score_files(folder, ScoreJob(width=25.0, top=15)))
    return folder / "best.html"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Opened:
    """A page with what it said and what it asked the network for."""

    def __init__(self, browser, report, *, width=DESK, **options):
        self.said, self.asked = [], []
        self.page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(report.as_uri())
        if options.get("java_script_enabled", True):
            self.page.wait_for_function("document.documentElement.dataset.charts === 'drawn'")


@pytest.fixture(scope="module", params=VIEWS, ids=lambda view: f"{view[0]}-{view[1]}")
def opened(request, browser, report):
    scheme, width = request.param
    shown = Opened(browser, report, width=width, color_scheme=scheme)
    yield shown
    shown.page.close()


def test_it_says_nothing_and_asks_for_nothing(opened, report):
    assert opened.said == []
    assert opened.asked == [report.as_uri()]


def test_every_chart_is_drawn_inside_its_place(opened, report):
    charts = opened.page.evaluate(
        """[...document.querySelectorAll('.chart')].map(chart => ({
            marks: chart.querySelectorAll('svg [class*="mark-"] path, svg [class*="mark-"] line').length,
            over: chart.querySelector('svg').getBoundingClientRect().right - innerWidth }))"""
    )
    specs = [spec for each in Read(report.read_text()).specs.values() for spec in each]
    assert len(charts) == len(specs)
    assert min(chart["marks"] for chart in charts) > 0
    assert max(chart["over"] for chart in charts) <= 0


def test_the_page_does_not_scroll_sideways(opened):
    for each in ("false", "true"):
        opened.page.evaluate(f"document.querySelectorAll('details').forEach(each => each.open = {each})")
        assert opened.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    opened.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = false)")


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_the_page_of_scores_draws_every_pay_off_inside_its_place(browser, scores, view):
    scheme, width = view
    shown = Opened(browser, scores, width=width, color_scheme=scheme)
    test_it_says_nothing_and_asks_for_nothing(shown, scores)
    test_every_chart_is_drawn_inside_its_place(shown, scores)
    test_the_page_does_not_scroll_sideways(shown)
    assert shown.page.locator("#payoffs .chart svg").count() == 12
    shown.page.close()


def test_words_stand_out_from_the_ground(opened):
    """WCAG AA: text 4.5, marks 3, against the colour of the page in both schemes."""
    ratios = opened.page.evaluate(
        """() => {
            const style = getComputedStyle(document.documentElement);
            const paint = document.createElement('canvas').getContext('2d');
            const luminance = name => {
                paint.fillStyle = style.getPropertyValue(name);
                const parts = [1, 3, 5].map(at => parseInt(paint.fillStyle.slice(at, at + 2), 16) / 255);
                const [r, g, b] = parts.map(x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
                return .2126 * r + .7152 * g + .0722 * b;
            };
            const ratio = name => {
                const both = [luminance(name), luminance('--paper')].sort((a, b) => b - a);
                return (both[0] + .05) / (both[1] + .05);
            };
            const many = (kind, count) => [...Array(count).keys()].map(i => `--${kind}-${i}`);
            const ratios = names => Object.fromEntries(names.map(name => [name, ratio(name)]));
            const marks = [...many('arm', 12), '--gain', '--loss'];
            return { text: ratios(['--ink', '--muted', '--link']), marks: ratios(marks),
                     areas: ratios(many('bucket', 8)) };
        }"""
    )
    assert min(ratios["text"].values()) >= 4.5, ratios["text"]
    assert min(ratios["marks"].values()) >= 2.8, ratios["marks"]
    assert min(ratios["areas"].values()) >= 2.3, ratios["areas"]


def test_a_mark_is_painted_in_the_colour_of_its_legend(opened):
    painted = opened.page.evaluate(
        """() => {
            const figure = document.getElementById('simulation-1-ladder');
            const painted = (what, property) =>
                [...figure.querySelectorAll(what)].map(each => getComputedStyle(each)[property]);
            const marks = painted('.mark-symbol path', 'fill');
            return [painted('.legend .key', 'backgroundColor'), [...new Set(marks)]];
        }"""
    )
    assert set(painted[0]) == set(painted[1])
    assert len(painted[1]) == 4


def test_pointing_at_a_mark_tells_its_figures(browser, report):
    shown = Opened(browser, report)
    shown.page.locator("#simulation-1-cost .mark-symbol path").first.hover()
    tip = shown.page.locator("#vg-tooltip-element.visible")
    told = tip.inner_text()
    rows = Read(report.read_text()).tables["Each arm less plain"]
    assert rows[1][0] in told
    assert rows[1][5].split("\n")[0] in told
    assert shown.said == []
    shown.page.close()


def test_charts_follow_the_width_of_the_window(browser, report):
    shown = Opened(browser, report)
    shown.page.set_viewport_size({"width": PHONE, "height": 900})
    shown.page.wait_for_function(
        f"document.querySelector('#simulation-1-cost svg').getBoundingClientRect().width < {PHONE}"
    )
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= PHONE
    shown.page.close()


def test_without_scripts_the_tables_stay(browser, report):
    shown = Opened(browser, report, java_script_enabled=False)
    assert shown.page.get_by_text("The same in figures").first.is_visible()
    assert not shown.page.locator(".chart").first.is_visible()
    shown.page.close()


def test_it_prints(browser, report):
    shown = Opened(browser, report, color_scheme="dark")
    assert len(shown.page.pdf()) > 50_000
    shown.page.emulate_media(media="print")
    ground = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"  # whatever the screen was
    assert not shown.page.locator("details").first.is_visible()
    shown.page.close()
