"""Specs: frozen, comparable, and each section's faults named by key, all at once."""

from __future__ import annotations

import copy
import json

import pytest
from tests.studies import study

import headcount as hc
from headcount.errors import SpecError

PRIOR = {"low": 1.0, "high": 2.0, "mass": 0.9}
CHANGE = {"year": 2020, "change": {"low": -0.1, "high": 0.3}}
BREAKDOWN = {"of": "beekeeper", "sd": PRIOR}
LINKAGE = {"title": "t", "kind": "poll", "scope": "beekeeper", "dependence": PRIOR}


@pytest.fixture
def document(toy_spec):
    return toy_spec.document


@pytest.fixture
def parse(toy_spec):
    def parsed(document):
        return hc.parse_spec(
            document, areas=toy_spec.areas, covariates=toy_spec.covariate_table, name="s.toml"
        )

    return parsed


@pytest.fixture
def faults(document, parse):
    """A function that changes the toy spec by ``path, value`` pairs and returns its problems."""

    def found(*changes):
        changed = copy.deepcopy(document)
        for path, value in changes:
            *above, last = path.split("/")
            section = changed
            for key in above:
                section = section[key]
            if value is None:
                del section[last]
            else:
                section[last] = value
        with pytest.raises(SpecError) as caught:
            parse(changed)
        return str(caught.value).splitlines()

    return found


def test_every_prior_stands_under_its_path(toy_spec):
    assert list(toy_spec.priors)[:3] == ["total.prior", "regions.pool_sd", "regions.region_sd"]
    assert toy_spec.priors["total.prior"] == hc.Prior.between(16_000, 160_000)
    assert toy_spec.priors["growth.rate"] == hc.Prior.between(-0.02, 0.15, support="growth")
    assert toy_spec.priors["scopes.helper.ratio"].support == "above_one"
    assert toy_spec.priors["scopes.member.ratio"].support == "positive"
    assert toy_spec.priors["sources.platform.coverage"].support == "unit"
    assert toy_spec.priors["sources.platform.coverage.regions.EAST"].support == "unit"
    assert toy_spec.priors["sources.analyst.multiplier"].support == "positive"
    assert toy_spec.priors["covariates.population.coefficient"].support == "real"
    assert {path.split(".")[0] for path in toy_spec.priors} == {
        "total", "regions", "covariates", "growth", "scopes", "source_kinds", "sources", "lineages",
    }  # fmt: skip


def test_the_count_of_priors_is_that_of_the_intervals_written(toy_spec):
    def intervals(section):
        own = "low" in section
        return own + sum(intervals(value) for value in section.values() if isinstance(value, dict))

    written = {
        key: value
        for key, value in toy_spec.document.items()
        if key not in ("prior_sets", "candidates")
    }
    assert len(toy_spec.priors) == intervals(written)


def test_specs_are_values_and_frozen(document, parse):
    assert parse(document) == parse(copy.deepcopy(document))
    changed = copy.deepcopy(document)
    changed["total"]["prior"]["low"] = 15_000
    assert parse(changed) != parse(document)
    with pytest.raises(Exception, match="frozen"):
        parse(document).target = "member"


def test_names_of_parts(toy_spec):
    assert toy_spec.anchors == ("registry",)
    assert toy_spec.prior_set_names == ("base", "sceptical", "wide")
    assert {name: source.reach_kind for name, source in toy_spec.sources.items()} == {
        "registry": "anchor",
        "platform": "coverage",
        "analyst": "multiplier",
        "poll": "selection",
    }
    assert toy_spec.years.labels == tuple(range(2018, 2026))
    assert toy_spec.relative_to("helper") == "beekeeper"
    assert toy_spec.relative_to("beekeeper") is None


def test_names_of_the_richer_grammar():
    spec = study("lists").spec
    assert spec.relative_to("finance") == "core"
    assert spec.relative_to("junior") == "finance"
    assert spec.parts_of("sector") == ("finance", "health", "other")
    assert spec.shrunk_covariates == ("income", "height")
    assert spec.sources["second"].breaks_by == ((2019, "2019"), (2022, "2022"))
    assert spec.sources["linkage"].reach_kind == "dependence"
    assert [name for name, source in spec.sources.items() if source.is_binomial] == [
        "linkage",
        "twice",
        "poll",
    ]
    assert [name for name, source in spec.sources.items() if source.is_free] == [
        "first", "second", "mute", "postings", "index",
    ]  # fmt: skip


def test_the_richer_grammar_has_its_priors_under_their_paths():
    paths = study("lists").spec.priors.keys() | study("pipeline").spec.priors.keys()
    assert {
        "breakdowns.sector.sd",
        "breakdowns.sector.region_sd",
        "breakdowns.sector.trend_sd",
        "growth.coefficient_sd",
        "growth.changes.boom.change",
        "growth.changes.layoffs.change",
        "growth.ceiling",
        "growth.exit",
        "growth.entry",
        "growth.conversion",
        "sources.first.overcount",
        "sources.linkage.dependence",
        "sources.second.breaks.2019",
        "sources.second.breaks.2022",
        "sources.second.drift_sd",
    } <= paths
    supports = {
        path: prior.support
        for name in ("lists", "pipeline")
        for path, prior in study(name).spec.priors.items()
    }
    assert supports["growth.changes.boom.change"] == "growth"
    assert supports["growth.ceiling"] == "above_one"
    assert supports["growth.entry"] == "unit"
    assert supports["sources.second.breaks.2019"] == "positive"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("title", None, "[title]: the key is missing"),
        ("titel", "x", "[titel]: unknown key. Did you mean 'title'?"),
        ("name", "x", "[name]: unknown key"),
        ("years/first", 2030, "[years]: reference = 2021 is not within 2030 to 2025"),
        ("years/reference", 2017, "[years]: reference = 2017 is not within 2018 to 2025"),
        (
            "years",
            {"first": 2020, "last": 2020, "reference": 2020},
            "[years]: first = last = 2020; growth needs at least two years",
        ),
        (
            "years/last",
            20250,
            "[years]: 2018 to 20250 are more than 1000 years; is one of them mistyped?",
        ),
        ("years", "2018-2025", "[years]: '2018-2025' is not a table of keys"),
        ("years/frist", 2018, "[years.frist]: unknown key. Did you mean 'first'?"),
        (
            "regions/region_sd",
            0.5,
            "[regions.region_sd]: 0.5 is not a prior; write { low = ..., high = ..., mass = 0.9 }",
        ),
        (
            "covariates/population/effect",
            "levle",
            "[covariates.population.effect]: unknown effect 'levle'. Did you mean 'level'?",
        ),
        (
            "covariates/population/transform",
            "sqrt",
            "[covariates.population.transform]: unknown transform 'sqrt'. Known: 'log', 'none'.",
        ),
        (
            "growth/kind",
            "dampedtrend",
            "[growth]: unknown growth kind 'dampedtrend'. Did you mean 'damped_trend'?",
        ),
        (
            "growth/dampnig",
            PRIOR,
            "[growth]: growth kind 'damped_trend' has no key 'dampnig'. Did you mean 'damping'?",
        ),
        (
            "growth/graduates",
            "population",
            "[growth]: growth kind 'damped_trend' has no key 'graduates'. Did you mean 'rate'?",
        ),
        (
            "growth",
            dict.fromkeys(("region_rate_sd", "common_sd", "region_sd", "conversion"), PRIOR)
            | {name: {"low": 0.1, "high": 0.2} for name in ("exit", "entry")}
            | {"kind": "stock_and_flow"},
            "[growth]: growth kind 'stock_and_flow' needs graduates: the variable of "
            "covariates.csv that counts",
        ),
        (
            "growth/changes",
            {"boom": {"year": 2020}},
            "[growth.changes.boom.change]: the key is missing",
        ),
        (
            "growth/changes",
            {"boom": CHANGE | {"yaer": 2020}},
            "[growth.changes.boom.yaer]: unknown key. Did you mean 'year'?",
        ),
        (
            "growth/changes",
            {"boom": CHANGE | {"change": {"low": -2, "high": 0}}},
            "[growth.changes.boom.change]: low = -2 is not a number above -1",
        ),
        (
            "growth/changes",
            {"the boom": CHANGE},
            "[growth.changes.the boom]: 'the boom' does not match ^[A-Za-z0-9_-]+$",
        ),
        ("growth/changes", 2020, "[growth.changes]: 2020 is not a table of keys"),
        (
            "covariates/population/coefficient",
            "shrunk",
            '[covariates.population]: coefficient = "shrunk" is for growth covariates; write { '
            "low, high, mass }",
        ),
        (
            "covariates/population/yearly",
            True,
            "[covariates.population]: yearly does not apply to a level, which is that of the "
            "reference year",
        ),
        (
            "covariates/population/coefficient",
            "shrink",
            "[covariates.population.coefficient]: 'shrink' is not a prior; write",
        ),
        (
            "breakdowns",
            {"age": BREAKDOWN | {"expcted": {}}},
            "[breakdowns.age.expcted]: unknown key. Did you mean 'expected'?",
        ),
        ("breakdowns", {"age": {"of": "beekeeper"}}, "[breakdowns.age.sd]: the key is missing"),
        (
            "breakdowns",
            {"age": BREAKDOWN | {"expected": {"young": 0}}},
            "[breakdowns.age.expected]: young = 0 is not above 0",
        ),
        (
            "scopes/young",
            {"definition": "d", "part_of": "age", "ratio": PRIOR},
            "[scopes.young]: ratio does not apply without contains, within or beside; a part's "
            "are those of its breakdown",
        ),
        (
            "scopes/helper/part_of",
            "age",
            "[scopes.helper]: a scope has one relation, not contains and part_of",
        ),
        (
            "sources/platform/breaks",
            {"20l9": PRIOR},
            "[sources.platform.breaks.20l9]: '20l9' is not a year. Write the first year with the "
            "new method, such as 2019.",
        ),
        (
            "sources/platform/breaks",
            {"2019": {"low": 0.5, "hihg": 2}},
            "[sources.platform.breaks.2019]: unknown key 'hihg'. Did you mean 'high'?",
        ),
        (
            "sources/platform/breaks",
            {"2019": {"low": 0, "high": 2}},
            "[sources.platform.breaks.2019]: low = 0 is not a number above 0",
        ),
        (
            "sources/registry/breaks",
            {"2019": PRIOR},
            "[sources.registry]: breaks does not apply to a source with anchor",
        ),
        (
            "sources/analyst/overcount",
            PRIOR,
            "[sources.analyst]: overcount does not apply to a source with multiplier",
        ),
        (
            "sources/poll/drift_sd",
            PRIOR,
            "[sources.poll]: drift_sd does not apply to a source with selection",
        ),
        (
            "sources/platform/lists",
            ["analyst", "registry"],
            "[sources.platform]: lists does not apply to a source with coverage",
        ),
        (
            "sources/linkage",
            LINKAGE,
            "[sources.linkage]: a source with dependence needs lists: the two sources whose lists "
            "were linked",
        ),
        (
            "sources/linkage",
            LINKAGE | {"lists": ["platform"]},
            "[sources.linkage.lists.1]: a name is missing. Name the two sources whose lists were "
            "linked.",
        ),
        (
            "sources/platform/coverage",
            {"stated": 1.5, "se": 0.1},
            "[sources.platform.coverage]: stated = 1.5 is not a number between 0 and 1",
        ),
        (
            "sources/platform/coverage",
            {"stated": 0.5, "see": 0.1},
            "[sources.platform.coverage]: unknown key 'see'. Did you mean 'se'?",
        ),
        ("growth/damping", None, "[growth]: growth kind 'damped_trend' needs a prior for damping"),
        (
            "growth/rate",
            {"low": -2, "high": 0.1},
            "[growth.rate]: low = -2 is not a number above -1",
        ),
        (
            "growth/damping",
            {"low": 0.5, "high": 1.5},
            "[growth.damping]: high = 1.5 is not a number between 0 and 1",
        ),
        (
            "scopes/helper/ratio",
            None,
            "[scopes.helper]: a scope that is contains another needs a ratio (this scope over the "
            "other)",
        ),
        (
            "scopes/helper/within",
            "beekeeper",
            "[scopes.helper]: a scope has one relation, not contains and within",
        ),
        (
            "scopes/beekeeper/trend",
            {"low": -1, "high": 1},
            "[scopes.beekeeper]: trend does not apply without contains, within or beside",
        ),
        (
            "scopes/helper/ratio",
            {"low": 0.5, "high": 3},
            "[scopes.helper.ratio]: low = 0.5 is not a number above 1",
        ),
        (
            "scopes/helper/ratios",
            PRIOR,
            "[scopes.helper.ratios]: unknown key. Did you mean 'ratio'?",
        ),
        (
            "source_kinds/claim/spread",
            -1,
            "[source_kinds.claim.spread]: -1: Input should be greater than 0",
        ),
        (
            "source_kinds/claim/spread",
            float("inf"),
            "[source_kinds.claim.spread]: inf: Input should be a finite number",
        ),
        (
            "source_kinds/claim/tails",
            "student",
            "[source_kinds.claim.tails]: unknown tails 'student'. Did you mean 'student_t'?",
        ),
        ("source_kinds/claim/noise", None, "[source_kinds.claim.noise]: the key is missing"),
        (
            "sources/platform/multiplier",
            PRIOR,
            "[sources.platform]: a source needs exactly one of coverage, multiplier, anchor, "
            "trend, selection, dependence; "
            "this one has coverage and multiplier",
        ),
        (
            "sources/registry/anchor",
            False,
            "[sources.registry]: a source needs exactly one of coverage, multiplier, anchor, "
            "trend, selection, dependence; "
            "this one has none",
        ),
        (
            "sources/registry/anchor",
            "no",
            "[sources.registry.anchor]: 'no': Input should be a valid boolean",
        ),
        (
            "sources/registry/anchor",
            0,
            "[sources.registry.anchor]: 0: Input should be a valid boolean",
        ),
        (
            "sources/registry/region_sd",
            PRIOR,
            "[sources.registry]: region_sd does not apply to a source with anchor",
        ),
        (
            "sources/poll/region_sd",
            PRIOR,
            "[sources.poll]: region_sd does not apply to a source with selection",
        ),
        (
            "sources/poll/lineage",
            "forum",
            "[sources.poll]: lineage does not apply to a source with selection",
        ),
        (
            "sources/platform/coverage",
            {},
            "[sources.platform.coverage]: 'low' is missing; a prior here needs low, high, mass",
        ),
        (
            "sources/platform/coverage/low",
            0.9,
            "[sources.platform.coverage]: low = 0.9 is not below high = 0.7",
        ),
        (
            "sources/platform/coverage/mass",
            90,
            "[sources.platform.coverage]: mass = 90 is not between 0 and 1",
        ),
        (
            "sources/platform/coverage/prior",
            PRIOR,
            "[sources.platform.coverage]: unknown key 'prior'. Known: 'high', 'low', 'mass'.",
        ),
        (
            "sources/platform/coverage/regions",
            "EAST",
            "[sources.platform.coverage.regions]: 'EAST' is not a table of keys",
        ),
        (
            "sources/platform/coverage/regions/EAST",
            0.3,
            "[sources.platform.coverage.regions.EAST]: 0.3 is not a prior; write { low = ..., "
            "high = ..., mass = 0.9 }",
        ),
        (
            "sources/platform/coverage",
            {
                "family": "beta",
                "mean": 0.5,
                "sd": 0.1,
                "regions": {"EAST": {"low": 0.1, "high": 0.2}},
            },
            "[sources.platform.coverage]: a prior with regional exceptions must be an interval "
            "(low, high, mass)",
        ),
        (
            "sources/platform/nots",
            "x",
            "[sources.platform.nots]: unknown key. Did you mean 'notes'?",
        ),
        (
            "lineages/forum/error",
            {"family": "beta", "mean": 0.5, "sd": 0.1},
            "[lineages.forum.error]: family 'beta' does not fit",
        ),
    ],
)
def test_one_fault_is_one_line(faults, path, value, expected):
    [line] = faults((path, value))
    assert line.startswith(f"s.toml {expected}")


def test_a_misspelt_reach_is_named_with_its_spelling(faults):
    assert faults(
        ("sources/platform/coverage", None), ("sources/platform/covrage", PRIOR), ("prior_sets", {})
    ) == [
        "s.toml [sources.platform.covrage]: unknown key. Did you mean 'coverage'?",
        "s.toml [sources.platform]: a source needs exactly one of coverage, multiplier, anchor, "
        "trend, selection, dependence; "
        "this one has none",
    ]


def test_a_name_is_not_taken_for_a_key(document, parse):
    # A source may be called like one of its keys, and the others are still corrected.
    document["sources"]["coverage"] = document["sources"]["registry"] | {"titel": "x"}
    with pytest.raises(
        SpecError, match=r"\[sources.coverage.titel\]: unknown key. Did you mean 'title'\?"
    ):
        parse(document)


def test_names_are_plain(faults, document):
    assert faults(
        ("sources", document["sources"] | {"my source": document["sources"]["registry"]})
    ) == ["s.toml [sources.my source]: 'my source' does not match ^[A-Za-z0-9_-]+$"]


def test_faults_of_all_sections_come_together(faults):
    assert faults(
        ("question", None),
        ("years/frist", 2018),
        ("total/prior", {"low": 5, "high": 3}),
        ("growth/rate", {"low": 1}),
        ("growth/damping", {"family": "gama"}),
        ("scopes/helper/definition", None),
        ("scopes/helper/within", "beekeeper"),
        ("sources/registry/title", None),
        ("sources/poll/region_sd", PRIOR),
        ("prior_sets/wide", {"total.proir": PRIOR}),
    ) == [
        "s.toml [question]: the key is missing",
        "s.toml [years.frist]: unknown key. Did you mean 'first'?",
        "s.toml [total.prior]: low = 5 is not below high = 3",
        "s.toml [growth.rate]: 'high' is missing; a prior here needs low, high, mass",
        "s.toml [growth.damping]: unknown prior family 'gama'. Did you mean 'gamma'?",
        "s.toml [scopes.helper.definition]: the key is missing",
        "s.toml [scopes.helper]: a scope has one relation, not contains and within",
        "s.toml [sources.registry.title]: the key is missing",
        "s.toml [sources.poll]: region_sd does not apply to a source with selection",
        "s.toml [prior_sets.wide.'total.proir']: unknown prior. Did you mean 'total.prior'?",
    ]


def test_the_document_is_the_spec(toy_spec, parse):
    assert parse(toy_spec.document).document == toy_spec.document
    assert json.loads(toy_spec.text) == toy_spec.document
