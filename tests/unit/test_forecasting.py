"""Forecasts: the years in which less than half of an area's people live in observed regions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import headcount as hc
from headcount.posterior.forecasting import forecasts, last_observed_of


@pytest.fixture
def one_region_later(toy_observations: hc.Observations) -> hc.Observations:
    """A row about all regions in 2020, and one about NORTH alone in 2022."""
    rows = (
        hc.Observation("platform", "WORLD", 2020, "count", value=100.0, line=2),
        hc.Observation("platform", "NORTH", 2022, "count", value=100.0, line=3),
    )
    return replace(toy_observations, rows=rows)


@pytest.mark.parametrize(
    ("part", "ahead"),
    [
        (0.6, (2023, 2024, 2025)),
        (0.501, (2023, 2024, 2025)),
        (0.499, (2021, 2022, 2023, 2024, 2025)),
    ],
)
def test_a_year_is_observed_if_half_of_the_people_live_in_observed_regions(
    toy_spec: hc.ModelSpec,
    one_region_later: hc.Observations,
    part: float,
    ahead: tuple[int, ...],
) -> None:
    regions = toy_spec.areas.regions
    people = np.full((len(regions), len(toy_spec.years.labels)), (1 - part) / (len(regions) - 1))
    people[regions.index("NORTH")] = part
    found = forecasts(toy_spec, one_region_later, people, range(len(regions)))
    assert found == ahead
    assert last_observed_of(toy_spec, found) == ahead[0] - 1


def test_an_area_is_observed_by_its_own_regions_alone(
    toy_spec: hc.ModelSpec, one_region_later: hc.Observations
) -> None:
    regions = toy_spec.areas.regions
    people = np.ones((len(regions), len(toy_spec.years.labels)))
    north, others = regions.index("NORTH"), [i for i, code in enumerate(regions) if code != "NORTH"]
    assert forecasts(toy_spec, one_region_later, people, [north]) == (2023, 2024, 2025)
    assert forecasts(toy_spec, one_region_later, people, others)[0] == 2021


def test_without_rows_all_years_are_forecasts_and_the_first_one_stands_for_the_last_observed(
    toy_spec: hc.ModelSpec, toy_observations: hc.Observations
) -> None:
    nothing = replace(toy_observations, rows=())
    people = np.ones((len(toy_spec.areas.regions), len(toy_spec.years.labels)))
    found = forecasts(toy_spec, nothing, people, [0])
    assert found == toy_spec.years.labels
    assert last_observed_of(toy_spec, found) == toy_spec.years.first
