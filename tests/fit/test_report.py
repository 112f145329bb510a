"""The report: correct, complete, self-contained, and safe whatever the study's texts hold."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import replace
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import headcount as hc
from headcount._wording import people
from headcount.diagnostics.checks import Evidence, checks_verdict
from headcount.diagnostics.checks.all_checks import check_evidence
from headcount.reporting import write_report
from headcount.reporting.answer_sentences import anchor_sentences, headline, prior_in_words
from headcount.reporting.area_figure import area_figure
from headcount.reporting.headcount_bands import country_areas
from headcount.reporting.year_figures import country_figure, total_figure
from headcount.study.areas import parse_areas
from headcount.study.study import Study

pytestmark = pytest.mark.fit

VOID = {"meta", "br", "hr", "img", "input", "link", "wbr"}
HOSTILE = "<script>alert('x')</script> & \"friends\" $a_b$"


class Outline(HTMLParser):
    """Collects tags and text, and fails on tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    assert not found.open
    return found


def text_of(page: str) -> str:
    return " ".join(" ".join(outline(page).text).split())


def section(page: str, name: str) -> str:
    start = page.index(f'<h2 id="{name}">')
    return page[start : page.index("</section>", start)]


def written(fit: hc.Fit, folder: Path, prob: float = 0.9) -> str:
    return hc.report(fit, folder / "report.html", prob=prob).read_text(encoding="utf-8")


def changed_fit(
    fit: hc.Fit, *, spec: hc.ModelSpec | None = None, rows: Iterable[hc.Observation] | None = None
) -> hc.Fit:
    """The same draws with another spec or other rows, which need not fit together."""
    table = fit.observations if rows is None else replace(fit.observations, rows=tuple(rows))
    return replace(fit, study=Study.without_checks(spec or fit.spec, table))


@pytest.fixture(scope="module")
def page(toy_fit: hc.Fit, tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(toy_fit, tmp_path_factory.mktemp("report"))


def test_the_answer_is_that_of_the_estimates(page: str, toy_fit: hc.Fit) -> None:
    table = hc.estimates(toy_fit)
    row = table[
        (table["estimand"] == "headcount") & (table["area"] == "WORLD") & (table["year"] == 2023)
    ].iloc[0]
    lower, upper, median = (people(row[name]) for name in ("lower", "upper", "median"))
    sentence = f"In 2023, between {lower} and {upper} beekeepers (90 % interval; median {median})."
    assert sentence in page
    assert page.index(sentence) < page.index("Verdict") < page.index("<svg")


def test_the_interval_asked_for_is_the_one_that_is_named(toy_fit: hc.Fit, tmp_path: Path) -> None:
    narrow = written(toy_fit, tmp_path, prob=0.5)
    assert "(50 % interval; median" in narrow
    assert "90 % interval" not in narrow


def test_growth_is_stated_by_year(page: str, toy_fit: hc.Fit) -> None:
    rate = (1 + hc.growth(toy_fit, from_year=2021, to_year=2023)) ** 0.5 - 1
    middle = float(np.median(rate))
    assert re.search(
        rf"From 2021 to 2023 the number grew by .*; median {100 * middle:.0f} %\)", page
    )


def test_forecasts_are_marked_wherever_a_year_is_named(page: str) -> None:
    assert "In 2025 (forecast), between" in page
    years = re.findall(r"<td>(20\d\d[^<]*)</td>", section(page, "estimates"))
    assert {year for year in years if "forecast" in year} == {"2024 (forecast)", "2025 (forecast)"}
    assert {"2018", "2023"} <= set(years)
    assert "forecast</text>" in page
    assert "forecast (2024 to 2025)" in page


def test_the_page_needs_nothing_else(page: str) -> None:
    for tag, attributes in outline(page).seen:
        for name in ("src", "href", "xlink:href", "srcset", "data", "poster"):
            value = attributes.get(name) or ""
            assert value.startswith("#") or not value, (tag, name, value)
    assert not re.search(r"@import|url\((?!#)|<script|<link|<iframe|<object", page)


def test_the_same_fit_gives_the_same_file(toy_fit: hc.Fit, page: str, tmp_path: Path) -> None:
    assert written(toy_fit, tmp_path) == page
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert "\r" not in page


def test_drawings_are_xml_and_have_words_for_those_who_do_not_see_them(page: str) -> None:
    drawings = re.findall(
        r'<div class="scroll" role="img" aria-label="([^"]+)">(<svg.*?</svg>)</div>',
        page,
        re.DOTALL,
    )
    assert len(drawings) == page.count("<svg") == page.count("<figcaption>") == 4
    for words, drawing in drawings:
        root = ET.fromstring(drawing)
        assert root.tag.endswith("svg")
        assert "width" not in root.attrib
        assert "viewBox" in root.attrib
        assert len(words) > 40
    ids = [attributes["id"] for _, attributes in outline(page).seen if attributes.get("id")]
    assert len(ids) == len(set(ids))


def test_texts_of_the_study_cannot_break_the_page(toy_fit: hc.Fit, tmp_path: Path) -> None:
    spec = toy_fit.spec
    areas = parse_areas(spec.areas.to_csv().replace("Northland", HOSTILE.replace('"', "'")))
    sources = {
        name: source.model_copy(update={"title": HOSTILE}) for name, source in spec.sources.items()
    }
    texts = dict.fromkeys(("title", "definition"), HOSTILE) | {
        "question": f"How many {HOSTILE} are there?"
    }
    changed = spec.model_copy(update=texts | {"areas": areas, "sources": sources})
    first, *rest = toy_fit.observations.rows
    rows = (*rest, first, replace(first, excluded=HOSTILE, as_stated=HOSTILE))
    page = written(changed_fit(toy_fit, spec=changed, rows=rows), tmp_path)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 10
    assert HOSTILE in text_of(page)
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(drawing)


def test_the_verdict_stands_on_the_first_page(toy_fit: hc.Fit, tmp_path: Path) -> None:
    moved = toy_fit.posterior.copy(deep=True)
    moved["log_headcount"][{"chain": 0}] += 1.0
    tree = toy_fit.tree.copy()
    tree["posterior"] = moved
    page = written(replace(toy_fit, tree=tree), tmp_path)
    before = text_of(page[: page.index("<nav")] + "</main></body></html>")
    assert "The sampler has not converged" in before
    assert "Read the verdict before using these numbers." in before
    assert 'class="verdict bad"' in page
    assert page.index("checks failed: convergence") < page.index("Verdict")


def test_a_check_with_a_reservation_or_without_limits_never_says_passed(
    toy_fit: hc.Fit, tmp_path: Path
) -> None:
    evidence = Evidence(toy_fit)
    results = [
        replace(result, reservation="leans on priors")
        if result.name == "identification"
        else result
        for result in check_evidence(evidence)
    ]
    page = write_report(evidence, results, tmp_path / "r.html").read_text()
    lines = re.findall(r'<li class="(\w+)"><b>([\w ]+)</b>(?: <span class="state">([^<]+)<)?', page)
    outcomes = {name.lower(): (style, outcome) for style, name, outcome in lines}
    assert outcomes["identification"] == ("reserved", "leans on priors")
    assert outcomes["priors"] == ("informs", "")
    assert outcomes["conflict"] == ("passed", "passed")
    assert str(checks_verdict(results)) in page


def test_anchors_are_named_and_their_absence_is(toy_fit: hc.Fit, page: str) -> None:
    assert "Register of hives, Northland (3 rows) counts the target scope" in page
    rows = [row for row in toy_fit.observations.rows if row.source != "registry"]
    without = changed_fit(toy_fit, rows=rows)
    (sentence,) = anchor_sentences(without)
    assert sentence.startswith("No source is declared as an anchor")
    registry = toy_fit.spec.sources["registry"].model_copy(update={"scope": "helper"})
    sources = {**toy_fit.spec.sources, "registry": registry}
    aside = changed_fit(toy_fit, spec=toy_fit.spec.model_copy(update={"sources": sources}))
    assert "None of these counts the target scope 'beekeeper' itself" in anchor_sentences(aside)[-1]


def test_everything_that_went_in_is_there(page: str, toy_fit: hc.Fit) -> None:
    text = text_of(page).replace("\N{NO-BREAK SPACE}", " ")
    spec = toy_fit.spec
    for row in spec.areas.rows:
        assert row.name in text
    for name, source in spec.sources.items():
        assert name in text
        assert source.title in text
    for path, prior in spec.priors.items():
        assert path in text
        assert prior_in_words(prior).replace(", median", " median") in text
    tune = toy_fit.sampling.tune
    assert (
        f"headcount fit toy.toml --seed 1 --chains 4 --draws 500 --tune {tune} --out fit.nc" in text
    )
    for package, version in toy_fit.sampling.versions.items():
        assert f"{package} {version}" in text


def test_rows_that_are_not_fitted_are_shown_with_their_reason(
    toy_fit: hc.Fit, tmp_path: Path
) -> None:
    first = toy_fit.observations.rows[0]
    extra = replace(
        first, area="ELSEWHERE", excluded="a projection", as_stated="some 7 thousand", line=77
    )
    rows = (*toy_fit.observations.rows, extra)
    page = written(changed_fit(toy_fit, rows=rows), tmp_path)
    text = text_of(section(page, "excluded"))
    assert "1 of 19 rows is not fitted" in text
    assert "77 registry ELSEWHERE 2019 count some 7 thousand a projection" in text


def test_outlying_rows_are_in_the_report(toy_fit: hc.Fit, tmp_path: Path) -> None:
    row = hc.Observation("registry", "NORTH", 2021, "count", value=240_000, line=99)
    rows = (*toy_fit.observations.rows, row)
    page = written(changed_fit(toy_fit, rows=rows), tmp_path)
    text = text_of(section(page, "outlying"))
    assert re.search(r"99 registry Northland 2021 count 240,000 1\d,\d00", text)


def test_a_prior_changed_by_hand_has_no_command(toy_fit: hc.Fit, tmp_path: Path) -> None:
    spec = hc.with_prior(toy_fit.spec, "total.prior", {"low": 10_000, "high": 200_000})
    page = written(changed_fit(toy_fit, spec=spec), tmp_path)
    assert "<code>" not in page
    assert "A prior was changed by hand" in page


def test_another_prior_set_is_in_the_command(toy_fit: hc.Fit, tmp_path: Path) -> None:
    spec = hc.with_prior_set(toy_fit.spec, "wide")
    assert "--prior-set wide" in written(changed_fit(toy_fit, spec=spec), tmp_path)


def test_figures_say_what_they_show(toy_fit: hc.Fit) -> None:
    evidence = Evidence(toy_fit)
    last = hc.headcount(toy_fit).sel(year=2023)
    assert f"the median is {people(float(last.median()))}" in total_figure(evidence).alt
    for name in ("Northland", "Southland", "Eastland"):
        assert f">{name}<" in area_figure(evidence).svg
        assert name in country_figure(evidence).alt
    assert "Port City" not in area_figure(evidence).svg


def test_drawing_leaves_the_settings_of_the_reader_alone(toy_fit: hc.Fit) -> None:
    with mpl.rc_context({"font.size": 31.0, "svg.hashsalt": "mine"}):
        figure = total_figure(Evidence(toy_fit))
        assert mpl.rcParams["font.size"] == 31.0
        assert mpl.rcParams["svg.hashsalt"] == "mine"
    assert figure == total_figure(Evidence(toy_fit))


def test_countries_are_the_first_level_with_a_dozen_areas(toy_fit: hc.Fit) -> None:
    assert country_areas(toy_fit.spec.areas) == ("NORTH", "SOUTH", "EAST")
    lines = [
        "area,name,parent,pool,remainder,members",
        "W,World,,,,",
        "A,A,W,,Rest of A,",
        "B,B,W,,,",
        "C,C,W,,,",
    ]
    lines += [f"A{i},A{i},A,,," for i in range(6)] + [f"B{i},B{i},B,,," for i in range(5)]
    lines += ["A0x,A0x,A0,,,", "A0y,A0y,A0,,,"]
    found = country_areas(parse_areas("\n".join(lines)))
    assert set(found) == {*(f"A{i}" for i in range(6)), *(f"B{i}" for i in range(5)), "C"}


def test_a_probability_must_be_one_and_nothing_is_written(toy_fit: hc.Fit, tmp_path: Path) -> None:
    with pytest.raises(hc.HeadcountError, match="is not a number between 0 and 1"):
        hc.report(toy_fit, tmp_path / "report.html", prob=90)
    assert not list(tmp_path.iterdir())


def test_a_year_has_the_headline_of_that_year(toy_fit: hc.Fit, page: str) -> None:
    assert headline(Evidence(toy_fit), 2021) in unescape(page)
    assert escape(toy_fit.spec.definition) in page


def test_the_verdict_on_identification_stands_on_the_first_page(toy_fit: hc.Fit, page: str) -> None:
    assert "This total rests on data" in page[: page.index("<nav")]
    assert "Do not quote" not in text_of(page)
    text = text_of(page)
    assert all(row.name in text for row in toy_fit.spec.areas.rows if row.parent == "WORLD")


@pytest.mark.filterwarnings("ignore::headcount.HeadcountWarning")
def test_a_total_that_only_priors_hold_is_refused_on_the_first_page(
    toy_fit: hc.Fit, tmp_path: Path
) -> None:
    rows = tuple(row for row in toy_fit.observations.rows if row.source != "registry")
    short = hc.Sampler(chains=2, draws=200, tune=200)
    bare = hc.fit(
        toy_fit.spec,
        replace(toy_fit.observations, rows=rows),
        seed=1,
        warm_start=toy_fit,
        sampler=short,
        progress=False,
    )
    page = written(bare, tmp_path)
    assert '<p class="lead refusal">Do not quote this total.</p>' in page[: page.index("<nav")]
    text = text_of(page)
    assert text.index("Do not quote this total") < text.index("between")
    assert "Raising every headcount by 20" in text
