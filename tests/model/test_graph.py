"""The PyMC model as users meet it: named, labelled, and refused before anything is built."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pymc as pm
import pytest
from pytensor.compile.mode import Mode
from scipy import stats
from tests.studies import study

import headcount as hc
from headcount.errors import HeadcountWarning, StudyError
from headcount.layout.study_layout import Layout
from headcount.model import data_arrays
from headcount.model.growth_paths import GROWTH_PATHS
from headcount.model.likelihoods import LIKELIHOOD_PARTS, ODDS, TAILS
from headcount.model.parameters import VARIABLES
from headcount.study.growth_kinds import GROWTH_KINDS
from headcount.study.priors import FAMILIES, LINK_NORMAL
from headcount.study.row_forms import BINOMIAL_FORMS, FORMS, NORMAL, STUDENT_T

INTERPRETED = Mode(linker="py", optimizer="fast_compile")


@pytest.fixture(scope="module")
def model(toy_spec, toy_observations):
    return hc.build_model(toy_spec, toy_observations)


def test_tables_of_kinds_are_complete():
    assert GROWTH_PATHS.keys() == GROWTH_KINDS.keys()
    assert VARIABLES.keys() == FAMILIES.keys() - {LINK_NORMAL}
    assert LIKELIHOOD_PARTS.keys() | ODDS.keys() == set(FORMS)
    assert set(ODDS) == set(BINOMIAL_FORMS)
    assert TAILS.keys() == {STUDENT_T, NORMAL}


def test_free_variables_and_their_dims(model):
    assert {rv.name: model.named_vars_to_dims[rv.name] for rv in model.free_RVs} == {
        "parameter": ("prior",),
        "pool_z": ("pool_free",),
        "region_z": ("region",),
        "region_rate_z": ("region",),
        "common_innovation_z": ("step",),
        "region_innovation_z": ("region", "step"),
        "source_region_z": ("source_reach_group",),
        "kind_platform_z": ("reach_group",),
        "noise_z": ("source",),
    }


def test_deterministics_and_their_dims(model):
    assert {
        variable.name: model.named_vars_to_dims[variable.name] for variable in model.deterministics
    } == {
        "log_headcount": ("region", "year"),
        "log_ratio": ("scope", "region"),
        "log_reach": ("source", "region"),
        "noise_scale": ("source",),
        "selection": ("survey_epoch",),
        "concentration": ("survey_epoch",),
    }


def test_deterministics_have_the_lengths_of_their_dims(model):
    # Without rewrites, which take a part of a constant and never look at its length.
    plain = Mode(linker="py", optimizer=None)
    drawn = pm.draw(model.deterministics, random_seed=1, mode=plain)
    for variable, values in zip(model.deterministics, drawn, strict=True):
        dims = model.named_vars_to_dims[variable.name]
        assert values.shape == tuple(len(model.coords[dim]) for dim in dims)
        assert np.isfinite(values).all()


@pytest.mark.filterwarnings("ignore:rich.csv:headcount.errors.HeadcountWarning")
def test_ratios_have_years_where_a_scope_has_a_trend():
    with pytest.warns(HeadcountWarning, match="sources.quiet"):
        model = hc.build_model(*study("rich"))
    assert model.named_vars_to_dims["log_ratio"] == ("scope", "region", "year")


def test_labels_are_those_of_the_study(model, toy_spec):
    coords = {name: tuple(labels) for name, labels in model.coords.items()}
    assert coords["prior"] == tuple(toy_spec.priors)
    assert coords["region"] == ("NORTH", "PORT", "EAST", "SOUTH-REST")
    assert coords["reach_group"] == ("NORTH", "SOUTH", "EAST")
    assert coords["year"] == tuple(range(2018, 2026))
    assert coords["step"] == tuple(range(2019, 2026))
    assert coords["scope"] == ("beekeeper", "member", "helper")
    assert coords["source"] == ("registry", "platform", "analyst", "poll")
    assert coords["survey_epoch"] == ("poll",)
    assert coords["source_reach_group"] == ("platform|NORTH", "platform|SOUTH", "platform|EAST")


def test_rows_are_observed_by_likelihood(model, toy_observations):
    sizes = {rv.name: model.rvs_to_values[rv].eval().size for rv in model.observed_RVs}
    # Bounds are two and no count is zero; the hard ranges are none; the register is the only normal
    # source.
    assert sizes == {"stated": 10, "bound": 2, "survey": 3, "stated_normal": 3}
    assert sum(sizes.values()) == len(toy_observations.fitted)


def test_every_prior_has_its_place_in_the_parameter_vector(model, toy_spec):
    draws = pm.draw(model["parameter"], draws=2000, random_seed=1, mode=INTERPRETED)
    for i, prior in enumerate(toy_spec.priors.values()):
        p = stats.kstest(draws[:, i], stats.norm(prior.location, prior.scale).cdf).pvalue
        assert p > 1e-3 / len(toy_spec.priors)


def test_a_refit_changes_numbers_and_not_the_graph(toy_spec, toy_observations):
    first, second = (
        data_arrays(Layout.of(spec, toy_observations))
        for spec in (toy_spec, hc.with_prior_set(toy_spec, "wide"))
    )
    assert first.keys() == second.keys()
    changed = {name for name in first if not np.array_equal(first[name], second[name])}
    assert changed == {"numbers_link_normal"}
    assert all(first[name].shape == second[name].shape for name in first)


def test_a_source_without_rows_is_left_out(toy_spec, toy_observations):
    kept = toy_observations.select(lambda row: row.source != "poll")
    with pytest.warns(
        HeadcountWarning, match=r"\[sources.poll\]: no observations from this source"
    ):
        model = hc.build_model(toy_spec, kept)
    assert "poll" not in model.coords["source"]
    assert not any(path.startswith("sources.poll.") for path in model.coords["prior"])
    assert "selection" not in model.named_vars


def test_a_study_that_does_not_fit_is_refused_before_anything_is_built(
    toy_spec, toy_observations, monkeypatch
):
    def never(*_):
        pytest.fail("the graph was begun")

    monkeypatch.setattr("headcount.model.build.Layout.of", never)
    monkeypatch.setattr("headcount.model.build.pm.Model", never)
    rows = (
        *toy_observations.rows,
        hc.Observation("platfrom", "NROTH", 2021, "count", value=1.0, line=99),
    )
    with pytest.raises(
        StudyError, match="source 'platfrom' is not in toy.toml. Did you mean 'platform'?"
    ):
        hc.build_model(toy_spec, replace(toy_observations, rows=rows))
    with pytest.raises(StudyError, match="there is no row to fit"):
        hc.build_model(toy_spec, toy_observations.select(lambda _: False))
