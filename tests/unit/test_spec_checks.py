"""Spec checks: problems between the sections of a spec name file and key."""

from __future__ import annotations

import pytest

import headcount as hc
from headcount.errors import SpecError

PRIOR = {"low": 1.0, "high": 2.0, "mass": 0.9}
CHANGE = {"year": 2020, "change": {"low": -0.1, "high": 0.3}}
LINKAGE = {"title": "t", "kind": "survey", "scope": "beekeeper", "dependence": PRIOR}


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


def put(document, path, value):
    *above, last = path.split("/")
    section = document
    for key in above:
        section = section[key]
    section[last] = value


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("target", "beekeper", "[target]: unknown scope 'beekeper'. Did you mean 'beekeeper'?"),
        (
            "sources/analyst/scope",
            "membre",
            "[sources.analyst.scope]: unknown scope 'membre'. Did you mean 'member'?",
        ),
        (
            "sources/analyst/kind",
            "clam",
            "[sources.analyst.kind]: unknown source kind 'clam'. Did you mean 'claim'?",
        ),
        (
            "sources/analyst/lineage",
            "foum",
            "[sources.analyst.lineage]: unknown lineage 'foum'. Did you mean 'forum'?",
        ),
        (
            "sources/platform/coverage/regions",
            {"Eastland": {"low": 0.1, "high": 0.2}},
            "[sources.platform.coverage.regions]: unknown area 'Eastland'. Did you mean 'EAST'?",
        ),
        (
            "sources/poll/kind",
            "claim",
            "[source_kinds.claim]: no concentration, and source 'poll' of this kind is a survey",
        ),
        (
            "scopes/helper/contains",
            "beekeepr",
            "[scopes.helper]: unknown scope 'beekeepr'. Did you mean 'beekeeper'?",
        ),
        (
            "scopes/beekeeper",
            {"definition": "d", "within": "helper", "ratio": {"low": 0.1, "high": 0.2}},
            "[scopes.beekeeper]: the target scope 'beekeeper' is relative to 'helper'. "
            "Declare the relation at the other scope; the target has none.",
        ),
        (
            "scopes/beekeeper",
            {"definition": "d", "covariate": "population"},
            "[scopes.beekeeper]: the target scope 'beekeeper' is relative to 'population'",
        ),
        (
            "scopes/lonely",
            {"definition": "d"},
            "[scopes.lonely]: no chain of ratios leads from 'lonely' to the target 'beekeeper'. "
            "Give it contains, within or beside, and a ratio, or part_of.",
        ),
        (
            "scopes/people",
            {"definition": "d", "covariate": "poplation"},
            "[scopes.people.covariate]: unknown covariate variable 'poplation'. Did you mean "
            "'population'?",
        ),
        (
            "covariates/income",
            {"effect": "growth", "coefficient": {"low": -1, "high": 1}},
            "[covariates.income]: unknown covariate variable 'income'",
        ),
    ],
)
def test_problems_between_sections(document, toy_spec, path, value, expected):
    del document["prior_sets"]
    put(document, path, value)
    [line] = faults(document, toy_spec)
    assert line.startswith(f"s.toml {expected}")


def test_scopes_in_a_circle_are_all_named(document, toy_spec):
    ratio = {"low": 0.1, "high": 0.2}
    document["scopes"]["a"] = {"definition": "d", "within": "b", "ratio": ratio}
    document["scopes"]["b"] = {"definition": "d", "beside": "a", "ratio": ratio}
    document["scopes"]["c"] = {"definition": "d", "within": "a", "ratio": ratio}
    lines = faults(document, toy_spec)
    assert [line.split(": ")[0] for line in lines] == [f"s.toml [scopes.{name}]" for name in "abc"]
    assert [line.split(": ", 2)[2].split(";")[0] for line in lines] == [
        "'a' to 'b' to 'a'", "'b' to 'a' to 'b'", "'a' to 'b' to 'a'",
    ]  # fmt: skip


def test_a_breakdown_of_its_own_part_is_a_circle(document, toy_spec):
    document["breakdowns"] = {"age": {"of": "young", "sd": PRIOR}}
    document["scopes"] |= {name: {"definition": "d", "part_of": "age"} for name in ("young", "old")}
    lines = faults(document, toy_spec)
    assert [line.split(": ", 1)[0] for line in lines] == [
        "s.toml [scopes.young]",
        "s.toml [scopes.old]",
    ]
    assert all(
        "the relations run in a circle: 'young' to 'young'; no chain" in line for line in lines
    )


def broken_down(document):
    document["breakdowns"] = {
        "age": {"of": "beekeeper", "sd": PRIOR, "expected": {"young": 1, "old": 2}}
    }
    document["scopes"] |= {name: {"definition": "d", "part_of": "age"} for name in ("young", "old")}


def test_a_breakdown_that_fits_is_a_breakdown(document, toy_spec):
    broken_down(document)
    assert parse(document, toy_spec).parts_of("age") == ("young", "old")
    document["breakdowns"]["age"].pop("expected")
    assert parse(document, toy_spec).breakdowns["age"].expected == {}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (
            "scopes/young/part_of",
            "aeg",
            "[scopes.young.part_of]: unknown breakdown 'aeg'. Did you mean 'age'?",
        ),
        (
            "breakdowns/age/of",
            "beekeper",
            "[breakdowns.age.of]: unknown latent scope 'beekeper'. Did you mean 'beekeeper'?",
        ),
        (
            "scopes/old",
            {"definition": "d", "within": "beekeeper", "ratio": {"low": 0.1, "high": 0.2}},
            '[breakdowns.age]: 1 scope is part of it. Declare scopes with part_of = "age", at '
            "least two.",
        ),
        (
            "breakdowns/sex",
            {"of": "beekeeper", "sd": PRIOR},
            "[breakdowns.sex]: no scope is part of it.",
        ),
        (
            "breakdowns/age/expected",
            {"young": 1},
            "[breakdowns.age.expected]: expected names other scopes than the parts; not in both: "
            "old. "
            "The parts are young, old.",
        ),
        (
            "breakdowns/age/expected",
            {"young": 1, "odl": 1},
            "[breakdowns.age.expected]: expected names other scopes than the parts; not in both: "
            "odl, old.",
        ),
    ],
)
def test_problems_in_a_breakdown(document, toy_spec, path, value, expected):
    del document["prior_sets"]
    broken_down(document)
    put(document, path, value)
    lines = faults(document, toy_spec)
    assert lines[-1].startswith(f"s.toml {expected}") or lines[0].startswith(f"s.toml {expected}")
    # A part whose breakdown is unknown leaves the breakdown with one part; else one fault is one
    # line.
    assert len(lines) == (2 if "aeg" in expected else 1)


def test_a_breakdown_of_a_known_population_is_none(document, toy_spec):
    broken_down(document)
    document["scopes"]["people"] = {"definition": "d", "covariate": "population"}
    document["breakdowns"]["age"]["of"] = "people"
    assert any(
        line.startswith("s.toml [breakdowns.age.of]: unknown latent scope 'people'")
        for line in faults(document, toy_spec)
    )


def test_a_target_is_no_part(document, toy_spec):
    broken_down(document)
    document["target"] = "young"
    assert any(
        line == "s.toml [scopes.young]: the target scope 'young' is part of the breakdown 'age'. "
        "Choose the whole as the target, or declare that the whole contains the target."
        for line in faults(document, toy_spec)
    )


# Growth, breaks and linkages


BETWEEN = (
    "is not after 2018, the first year, and up to 2025, the last. A change applies from its year on"
)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (
            "growth/changes",
            {"boom": CHANGE | {"year": 2018}},
            f"[growth.changes.boom.year]: 2018 {BETWEEN}",
        ),
        (
            "growth/changes",
            {"boom": CHANGE | {"year": 2026}},
            f"[growth.changes.boom.year]: 2026 {BETWEEN}",
        ),
        (
            "growth/changes",
            {"boom": CHANGE | {"area": "NROTH"}},
            "[growth.changes.boom.area]: unknown area 'NROTH'. Did you mean 'NORTH'?",
        ),
        (
            "sources/platform/breaks",
            {"2018": PRIOR},
            f"[sources.platform.breaks.2018]: 2018 {BETWEEN}",
        ),
        ("sources/poll/breaks", {"2026": PRIOR}, f"[sources.poll.breaks.2026]: 2026 {BETWEEN}"),
        (
            "growth/coefficient_sd",
            PRIOR,
            "[growth.coefficient_sd]: it is not used, because no covariate is shrunk. "
            'Write coefficient = "shrunk" in some covariates, or remove the key.',
        ),
        (
            "covariates/population",
            {"effect": "growth", "coefficient": "shrunk"},
            "[growth]: no coefficient_sd, the sd of the shrunk coefficients of population. Write "
            "{ low, high, mass }.",
        ),
        (
            "sources/linkage",
            LINKAGE | {"lists": ["platform", "platform"]},
            "[sources.linkage.lists]: 'platform' is named twice. Name two lists.",
        ),
        (
            "sources/linkage",
            LINKAGE | {"lists": ["platform", "registry"]},
            "[sources.linkage.lists]: unknown source with a coverage 'registry'. Known: "
            "'platform'.",
        ),
    ],
)
def test_problems_of_growth_breaks_and_linkages(document, toy_spec, path, value, expected):
    del document["prior_sets"]
    put(document, path, value)
    [line] = faults(document, toy_spec)
    assert line.startswith(f"s.toml {expected}")


def test_a_linkage_needs_a_concentration_and_originals(document, toy_spec):
    document["sources"]["blog"] = {"title": "t", "copy_of": "platform"}
    document["sources"]["linkage"] = LINKAGE | {"kind": "claim", "lists": ["platform", "blog"]}
    assert faults(document, toy_spec) == [
        "s.toml [source_kinds.claim]: no concentration, and source 'linkage' of this kind is a "
        "linkage of lists",
        "s.toml [sources.linkage.lists]: 'blog' is a copy. Name the original, 'platform'.",
    ]


def pipeline(document):
    rate = {"low": 0.1, "high": 0.3}
    sds = {key: {"low": 0.01, "high": 0.1} for key in ("region_rate_sd", "common_sd", "region_sd")}
    document["growth"] = {"kind": "stock_and_flow", "graduates": "graduates"} | sds
    document["growth"] |= dict.fromkeys(("exit", "entry", "conversion"), rate)
    document["years"] |= {"reference": 2018}
    document["prior_sets"] = {}


GRADUATES = "\n".join(
    f"{area},2021,graduates,{{}},persons,x" for area in ("NORTH", "PORT", "SOUTH-REST", "EAST")
)


def test_stock_and_flow_needs_graduates_of_every_region_and_runs_forward(document, toy_spec):
    pipeline(document)
    own = toy_spec.covariate_table.to_csv()
    table = hc.parse_covariates(own + GRADUATES.format(1, 2, 0, 4) + "\n")
    assert parse(document, toy_spec, covariates=table).growth.graduates == "graduates"
    document["years"]["reference"] = 2021
    assert faults(document, toy_spec, covariates=table) == [
        "s.toml [years.reference]: reference = 2021, and stock_and_flow runs forward only: "
        "backward, "
        "a stock could turn negative. Write reference = 2018, the first year."
    ]
    document["years"]["reference"] = 2018
    for lines, expected in [
        ("", "unknown covariate variable 'graduates'. Known: 'population'."),
        ("NORTH,2021,graduates,5,persons,x\n", "'graduates' has no value for 3 of the regions: "),
        (GRADUATES.format(1, 2, -3, 4), "SOUTH-REST in 2021 is -3, a negative number of people"),
    ]:
        [line] = faults(document, toy_spec, covariates=hc.parse_covariates(own + lines))
        assert line.startswith(f"s.toml [growth.graduates]: {expected}")


# Tables


def test_regions_without_a_covariate_are_named(document, toy_spec):
    table = hc.parse_covariates(
        "area,year,variable,value\nNORTH,2021,population,5e6\nKosovo,2021,population,1\nPORT,2021,population,2\n"
    )
    assert faults(document, toy_spec, covariates=table) == [
        "s.toml [covariates.population]: 'population' has no value for 2 of the regions: EAST, "
        "SOUTH-REST. "
        "Add rows to covariates.csv; it has rows for 'Kosovo', which is no area."
    ]


@pytest.mark.parametrize("value", ["0", "-5"])
def test_a_value_without_logarithm_is_named(document, toy_spec, value):
    text = toy_spec.covariate_table.to_csv().replace("3000000.0", value)
    table = hc.parse_covariates(text)
    document["scopes"]["people"] = {"definition": "d", "covariate": "population"}
    assert faults(document, toy_spec, covariates=table) == [
        f"s.toml [scopes.people]: EAST in 2021 is {value}, which has no logarithm. "
        "A known population must be above 0.",
        f"s.toml [covariates.population]: EAST in 2021 is {value}, which has no logarithm. "
        'Write transform = "none", or correct the table.',
    ]
    document["covariates"]["population"]["transform"] = "none"
    del document["scopes"]["people"]
    assert parse(document, toy_spec, covariates=table).covariates["population"].transform == "none"
