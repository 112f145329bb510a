"""Every study that ships is a valid Data Package, and fits its spec."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
from frictionless import Package

import headcount as hc

ROOT = Path(__file__).parent.parent
STUDIES = sorted(path.parent.name for path in (ROOT / "data").glob("*/datapackage.json"))


@pytest.mark.parametrize("study", STUDIES)
def test_the_data_package_is_valid(study):
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # frictionless' own, from its dependencies
        found = Package(str(ROOT / "data" / study / "datapackage.json")).validate()
    assert found.valid, found.flatten(["rowNumber", "fieldName", "note"])


@pytest.mark.parametrize("study", STUDIES)
def test_the_package_says_what_it_is_and_under_which_terms(study):
    package = json.loads((ROOT / "data" / study / "datapackage.json").read_text(encoding="utf-8"))
    assert package["title"]
    assert package["licenses"]
    assert package["sources"]
    for resource in package["resources"]:
        header = (
            (ROOT / "data" / study / resource["path"]).read_text(encoding="utf-8").splitlines()[0]
        )
        assert header.split(",") == [field["name"] for field in resource["schema"]["fields"]]
        assert all(field["description"] for field in resource["schema"]["fields"])


@pytest.mark.parametrize("study", STUDIES)
def test_spec_and_rows_fit_together_under_every_prior_set(study):
    spec = hc.read_spec(ROOT / "models" / f"{study}.toml")
    observations = hc.read_observations(ROOT / "data" / study / "observations.csv")
    hc.Study(spec, observations)
    for name in spec.prior_set_names:
        assert hc.with_prior_set(spec, name).prior_set == name


def test_the_flagship_is_as_wide_as_it_says():
    spec = hc.read_spec(ROOT / "models" / "ml_engineers.toml")
    rows = hc.read_observations(ROOT / "data" / "ml_engineers" / "observations.csv")
    hubs = {"London", "Paris", "Zurich", "US-CA"}
    asked = {"USA", "GBR", "DEU", "CHN", "IND", "POL", "HUN", "BRA", "ARG", "KEN", "NGA"}
    assert asked | hubs <= set(spec.areas.by_code)
    countries = {area.area for area in spec.areas.rows if len(area.area) == 3 and not area.members}
    assert len(countries) >= 40
    assert len(rows.sources) >= 12
    assert (spec.years.first, spec.years.last, spec.areas.root) == (2015, 2026, "WORLD")
    assert spec.prior_set_names == ("base", "sceptical", "wide")
    assert all(row.citation for row in rows.rows)
    claims = {row.source for row in rows.rows if "yetiai.com" in row.citation}
    assert len(claims) == 5
