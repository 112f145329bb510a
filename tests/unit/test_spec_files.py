"""Spec files: read, round-tripped and overlaid; whatever stands in one, it is a spec or a spec
error."""

from __future__ import annotations

import copy
import datetime
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.studies import STUDIES, study

import headcount as hc
from headcount.errors import SpecError, TableError

PRIOR = {"low": 1.0, "high": 2.0, "mass": 0.9}


@pytest.fixture
def document(toy_spec):
    return toy_spec.document


def parse(document, toy_spec, **tables):
    own = {"areas": toy_spec.areas, "covariates": toy_spec.covariate_table} | tables
    return hc.parse_spec(document, **own, name="s.toml")


def faults(document, toy_spec, **tables):
    with pytest.raises(SpecError) as caught:
        parse(document, toy_spec, **tables)
    return str(caught.value).splitlines()


@pytest.fixture
def folder(tmp_path, root):
    """A copy of the toy study that may be spoilt."""
    shutil.copytree(root / "data" / "toy", tmp_path / "data" / "toy")
    (tmp_path / "models").mkdir()
    shutil.copy(root / "models" / "toy.toml", tmp_path / "models" / "toy.toml")
    return tmp_path


def spoil(folder, old, new):
    path = folder / "models" / "toy.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


def test_a_file_is_read_with_its_tables(folder, toy_spec):
    spec = hc.read_spec(folder / "models" / "toy.toml")
    assert spec == toy_spec
    assert spec.name == "toy.toml"
    assert spec.prior_set == "base"


def test_syntax_errors_name_file_and_line(folder):
    path = spoil(folder, "[years]", "[years")
    line = path.read_text().splitlines().index("[years") + 1
    with pytest.raises(SpecError, match=rf"toy\.toml: not valid TOML: .*line {line}"):
        hc.read_spec(path)


def test_a_key_given_twice_is_a_syntax_error(folder):
    with pytest.raises(SpecError, match="not valid TOML"):
        hc.read_spec(spoil(folder, "first = 2018", "first = 2018\nfirst = 2019"))


def test_a_spec_in_another_encoding_names_the_line(folder):
    path = spoil(folder, "Beekeepers of", "Bienenzüchter of")
    path.write_bytes(path.read_text().encode("cp1252"))
    with pytest.raises(SpecError, match=r"toy\.toml:2: byte 0xfc is not UTF-8"):
        hc.read_spec(path)


def test_a_spec_that_is_not_there_is_a_spec_error(tmp_path):
    with pytest.raises(
        SpecError, match=r"nowhere\.toml: cannot be read \(No such file or directory\)"
    ):
        hc.read_spec(tmp_path / "nowhere.toml")


def test_areas_that_are_not_there_are_a_table_error(folder):
    with pytest.raises(TableError, match=r"areas\.csv: cannot be read"):
        hc.read_spec(spoil(folder, 'data = "../data/toy"', 'data = "../data/tyo"'))


def test_covariates_need_no_table_unless_they_are_used(folder):
    (folder / "data" / "toy" / "covariates.csv").unlink()
    with pytest.raises(
        SpecError, match=r"\[covariates.population\]: unknown covariate variable 'population'"
    ):
        hc.read_spec(folder / "models" / "toy.toml")


def test_namibia_is_an_area(folder):
    for name in ("areas.csv", "covariates.csv"):
        path = folder / "data" / "toy" / name
        path.write_text(path.read_text().replace("EAST", "NA"))
    spec = hc.read_spec(spoil(folder, "EAST = {", "NA = {"))
    assert "NA" in spec.areas.regions
    assert spec.covariate_table.path("population", "NA", [2021]) == 3e6
    assert "sources.platform.coverage.regions.NA" in spec.priors


@pytest.mark.parametrize("name", STUDIES)
def test_a_spec_is_made_again_from_its_document(name):
    spec = study(name).spec
    again = hc.parse_spec(
        spec.document, areas=spec.areas, covariates=spec.covariate_table, name=spec.name
    )
    assert again == spec
    assert again.priors == spec.priors


@pytest.mark.parametrize("value", [datetime.date(2018, 1, 1), datetime.time(12), [1, 2]])
def test_a_toml_value_that_a_spec_cannot_have_is_named(document, toy_spec, value):
    document["years"]["first"] = value
    document["total"]["prior"]["low"] = value
    first, second = faults(document, toy_spec)
    assert first.startswith("s.toml [years.first]: ")
    assert second.startswith("s.toml [total.prior]: low ")


# Prior sets


def test_a_prior_set_changes_its_priors_only(toy_spec):
    wide = hc.with_prior_set(toy_spec, "wide")
    assert wide.prior_set == "wide"
    assert wide.priors["total.prior"] == hc.Prior.between(5_000, 500_000)
    assert {path for path in toy_spec.priors if wide.priors[path] != toy_spec.priors[path]} == {
        "total.prior"
    }
    assert wide.priors.keys() == toy_spec.priors.keys()


def test_a_prior_set_keeps_the_exceptions_of_a_coverage(toy_spec):
    sceptical = hc.with_prior_set(toy_spec, "sceptical")
    before, after = (spec.sources["platform"].coverage for spec in (toy_spec, sceptical))
    assert after.prior == hc.Prior.between(0.1, 0.6, support="unit")
    assert after.regions == before.regions


def test_a_spec_can_be_read_with_a_prior_set(root, toy_spec):
    assert hc.read_spec(root / "models/toy.toml", prior_set="wide") == hc.with_prior_set(
        toy_spec, "wide"
    )
    assert hc.with_prior_set(toy_spec, "base") is toy_spec


def test_an_unknown_prior_set_is_named(toy_spec):
    with pytest.raises(
        SpecError, match=r"\[prior_sets\]: unknown prior set 'widde'. Did you mean 'wide'\?"
    ):
        hc.with_prior_set(toy_spec, "widde")


@pytest.mark.parametrize("other", ["base", "sceptical"])
def test_one_prior_set_is_not_put_on_top_of_another(toy_spec, other):
    wide = hc.with_prior_set(toy_spec, "wide")
    with pytest.raises(
        SpecError, match=f"has the priors of 'wide' already.* Put '{other}' on the spec with its"
    ):
        hc.with_prior_set(wide, other)


def test_all_sets_are_checked_with_the_rest_of_the_spec(document, toy_spec):
    document["sources"]["analyst"]["lineage"] = "foum"
    document["prior_sets"] = {
        "first": {"total.proir": PRIOR, "growth.rate": {"low": 2, "high": 1}},
        "second": {
            "total.prior": {"family": "gamma", "mean": 1, "sd": 1},
            "growth.rate": 0.1,
            "growth.damping": {"low": 1, "high": 2},
        },
        "base": {"total.prior": PRIOR},
    }
    assert faults(document, toy_spec) == [
        "s.toml [sources.analyst.lineage]: unknown lineage 'foum'. Did you mean 'forum'?",
        "s.toml [prior_sets.first.'total.proir']: unknown prior. Did you mean 'total.prior'?",
        "s.toml [prior_sets.first.'growth.rate']: low = 2 is not below high = 1",
        "s.toml [prior_sets.second.'total.prior']: family 'gamma' in place of 'link_normal'. "
        "A prior set changes numbers, not families.",
        "s.toml [prior_sets.second.'growth.rate']: 0.1 is not a prior. "
        "Write { low, high, mass } or { stated, se }.",
        "s.toml [prior_sets.second.'growth.damping']: low = 1 is not a number between 0 and 1",
        "s.toml [prior_sets.base]: 'base' is the name of the priors outside all sets. "
        "Give the set another name.",
    ]


def test_paths_into_a_broken_section_have_no_problem_of_their_own(document, toy_spec):
    del document["sources"]["platform"]["coverage"]
    document["prior_sets"]["wide"]["sources.paltform.coverage"] = PRIOR
    lines = faults(document, toy_spec)
    assert len(lines) == 2
    assert lines[0].startswith("s.toml [sources.platform]: a source needs exactly one of")
    assert lines[1].startswith(
        "s.toml [prior_sets.wide.'sources.paltform.coverage']: unknown prior"
    )


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        ({"wide": 5}, "s.toml [prior_sets.wide]: 5 is not a table of keys"),
        (
            {"wide": {"total": {"prior": PRIOR}}},
            "s.toml [prior_sets.wide.'total']: unknown prior. Did you mean 'total.prior'?",
        ),
    ],
)
def test_sets_that_are_none(document, toy_spec, sets, expected):
    document["prior_sets"] = sets
    assert faults(document, toy_spec) == [expected]


# One prior


@pytest.mark.parametrize("name", ["rich", "lists", "pipeline"])
def test_every_prior_can_be_changed_alone(name):
    # On the studies with most kinds of paths: exceptions among them, some of codes that are
    # prefixes of others.
    spec = study(name).spec
    for path, prior in spec.priors.items():
        low, high = prior.quantile([0.2, 0.7]).tolist()
        changed = hc.with_prior(spec, path, {"low": low, "high": high, "mass": 0.5})
        assert {other for other in spec.priors if changed.priors[other] != spec.priors[other]} == {
            path
        }
        assert changed.priors[path] == hc.Prior.between(low, high, mass=0.5, support=prior.support)
        assert changed.prior_set == f"base+{path}"
        assert changed.document["growth"].keys() == spec.document["growth"].keys()


@pytest.mark.parametrize("name", ["rich", "walk", "lists", "pipeline"])
def test_a_prior_can_be_put_in_its_own_place(name):
    spec = study(name).spec
    for path, prior in spec.priors.items():
        again = hc.with_prior(spec, path, prior).priors[path]
        assert again.family == prior.family
        np.testing.assert_allclose(again.parameters, prior.parameters, rtol=1e-9)


@pytest.mark.parametrize(
    "path",
    [
        "sources.second.breaks.2019",
        "growth.changes.boom.change",
        "breakdowns.sector.sd",
        "sources.linkage.dependence",
        "sources.first.overcount",
        "growth.coefficient_sd",
    ],
)
def test_a_prior_set_reaches_every_section(path):
    spec = study("lists").spec
    document = spec.document | {"prior_sets": {"other": {path: {"stated": 0.7, "se": 0.1}}}}
    tables = {"areas": spec.areas, "covariates": spec.covariate_table}
    other = hc.with_prior_set(hc.parse_spec(document, **tables), "other")
    assert other.priors[path] == hc.Prior.around(0.7, 0.1, support=spec.priors[path].support)
    assert {p for p in spec.priors if other.priors[p] != spec.priors[p]} == {path}
    document["prior_sets"]["other"] = {f"{path}s": {"se": 0.1}}
    with pytest.raises(SpecError) as caught:
        hc.parse_spec(document, **tables)
    assert f"unknown prior. Did you mean '{path}'?" in str(caught.value)


def test_a_figure_with_its_error_keeps_the_exceptions_of_a_coverage(document, toy_spec):
    coverage = document["sources"]["platform"]["coverage"]
    document["sources"]["platform"]["coverage"] = {
        "stated": 0.4, "se": 0.05,
        "regions": coverage["regions"] | {"NORTH": {"stated": 0.5, "se": 0.1}},
    }  # fmt: skip
    spec = parse(document, toy_spec)
    assert spec.priors["sources.platform.coverage"] == hc.Prior.around(0.4, 0.05, support="unit")
    assert spec.priors["sources.platform.coverage.regions.NORTH"].parameters[0] == 0.5
    changed = hc.with_prior(spec, "sources.platform.coverage", {"stated": 0.6, "se": 0.1})
    assert changed.sources["platform"].coverage.regions == spec.sources["platform"].coverage.regions
    with pytest.raises(SpecError, match="'stated' is missing; a prior here needs stated, se"):
        hc.with_prior(spec, "sources.platform.coverage", {"se": 0.1})


def test_areas_may_have_dots_in_their_codes(document, toy_spec):
    areas = hc.parse_areas(toy_spec.areas.to_csv().replace("EAST", "St. E.ast"))
    table = hc.parse_covariates(toy_spec.covariate_table.to_csv().replace("EAST", "St. E.ast"))
    exceptions = document["sources"]["platform"]["coverage"]["regions"]
    exceptions["St. E.ast"] = exceptions.pop("EAST")
    spec = parse(document, toy_spec, areas=areas, covariates=table)
    path = "sources.platform.coverage.regions.St. E.ast"
    changed = hc.with_prior(spec, path, {"low": 0.2, "high": 0.3})
    assert changed.priors[path] == hc.Prior.between(0.2, 0.3, support="unit")


@pytest.mark.parametrize(
    ("path", "stated", "text"),
    [
        ("total.prio", PRIOR, "unknown prior. Did you mean 'total.prior'?"),
        ("total.prior", {"low": -1, "high": 2}, "low = -1 is not a number above 0"),
        (
            "total.prior",
            {"family": "gamma", "mean": 1, "sd": 1},
            "family 'gamma' in place of 'link_normal'",
        ),
        ("total.prior", {"low": 1, "high": 2, "regions": {}}, "unknown key 'regions'"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(toy_spec, path, stated, text):
    with pytest.raises(SpecError) as caught:
        hc.with_prior(toy_spec, path, stated)
    assert str(caught.value).startswith(f"toy.toml [prior_sets.base+{path}.'{path}']: {text}")


def test_the_spec_that_was_changed_stays_as_it_was(toy_spec):
    before = copy.deepcopy(toy_spec.document)
    hc.with_prior(toy_spec, "total.prior", PRIOR)
    hc.with_prior_set(toy_spec, "sceptical")
    assert toy_spec.document == before


@given(low=some.floats(1e-3, 1e3), factor=some.floats(1.01, 1e3), mass=some.floats(0.1, 0.99))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_intervals_survive_as_priors_of_a_spec(low, factor, mass):
    spec = study("lone").spec
    stated = {"low": low, "high": low * factor, "mass": mass}
    changed = hc.with_prior(spec, "regions.region_sd", stated)
    tail = (1 - mass) / 2
    found = changed.priors["regions.region_sd"].quantile([tail, 1 - tail])
    np.testing.assert_allclose(found, [low, low * factor], rtol=1e-8)


def leaves(section, above=()):
    for key, value in section.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from leaves(value, (*above, key))


JUNK = [
    None,
    0,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    True,
    "x",
    "",
    [],
    [1],
    {},
    {"low": 1},
    {"a": {"b": 1}},
    datetime.date(2020, 1, 1),
]


@given(data=some.data())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_whatever_stands_in_a_spec_it_is_a_spec_or_a_spec_error(data):
    # No mistake in a file may end in a traceback: any key replaced by anything that TOML can hold,
    # or left out.
    spec = study(data.draw(some.sampled_from(["rich", "walk", "lists", "pipeline"]))).spec
    document = spec.document
    *above, last = data.draw(some.sampled_from([*leaves(document)]))
    section = document
    for key in above:
        section = section[key]
    junk = data.draw(some.sampled_from(JUNK))
    if junk is None:
        del section[last]
    else:
        section[last] = junk
    said = []
    try:
        hc.parse_spec(document, areas=spec.areas, covariates=spec.covariate_table, name="s.toml")
    except SpecError as error:
        said = [str(problem) for problem in error.problems]
    assert all(line.startswith("s.toml [") for line in said)
