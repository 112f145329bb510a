"""The engine is the PyMC model: the same log density and gradient, on studies that differ in
structure."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.graphs import block_of, engine_at, graph_of
from tests.studies import STUDIES, prior_draws, study

from headcount.engine.density.codes import STATED, STUDENT_T
from headcount.engine.density.log_density import (
    evaluate_at,
    likelihood_and_slopes,
    row_log_likelihoods,
)
from headcount.engine.density.study_arrays import arrays_of
from headcount.layout.free_vector import segments_of
from headcount.layout.study_layout import Layout
from headcount.model.build import model_of
from headcount.study import row_forms
from headcount.study.growth_kinds import GROWTH_KINDS
from headcount.study.observation_kinds import OBSERVATION_KINDS
from headcount.study.observations import Observations
from headcount.study.priors import FAMILIES
from headcount.study.row_forms import BINOMIAL_FORMS, FORMS
from headcount.study.specs import RATIO_SUPPORT, REACH_KEYS

POINTS = 4


@pytest.fixture(scope="module", params=STUDIES)
def pair(request):
    """A study's layout and its PyMC model."""
    layout = study(request.param).layout
    return layout, model_of(layout)


def test_free_variables_are_the_model_s(pair):
    layout, model = pair
    sizes = {
        block_of(value.name): model.initial_point()[value.name].size for value in model.value_vars
    }
    blocks = segments_of(layout)
    assert {name: size for name, size in sizes.items() if size} == {
        name: b.size for name, b in blocks.items()
    }
    ends = np.cumsum([block.size for block in blocks.values()])
    assert [block.start for block in blocks.values()] == [0, *ends[:-1]]


def test_density_and_gradient_are_the_model_s(pair):
    layout, model = pair
    arrays, graph = arrays_of(layout), graph_of(layout, model)
    rng = np.random.default_rng(5)
    # At the priors' middle, at points of the prior, and at ones too far out for it.
    for free in [
        np.zeros(arrays.prior_family.size),
        *prior_draws(layout, rng, POINTS),
        *(1.5 * prior_draws(layout, rng, 1)),
    ]:
        expected, expected_gradient = graph(free)
        found, gradient = engine_at(free, arrays)
        assert np.isfinite(expected)
        assert found == pytest.approx(expected, rel=1e-8)
        size = np.abs(expected_gradient).max()
        np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-8, atol=1e-8 * size)


def test_evaluating_more_reach_than_rows_need_changes_nothing(pair):
    layout, _ = pair
    for free in prior_draws(layout, np.random.default_rng(7), 2):
        value, gradient = engine_at(free, arrays_of(layout))
        also_value, also_gradient = engine_at(free, arrays_of(layout, everywhere=True))
        assert also_value == pytest.approx(value, rel=1e-13)
        np.testing.assert_allclose(
            also_gradient, gradient, rtol=1e-12, atol=1e-12 * np.abs(gradient).max()
        )


def test_the_order_of_rows_is_of_no_matter(pair):
    layout, _ = pair
    turned = Layout.of(layout.spec, Observations(layout.observations.rows[::-1]))
    for free in prior_draws(layout, np.random.default_rng(8), 2):
        # Effects by source and region stand in the order of the spec, not of the rows.
        assert segments_of(turned) == segments_of(layout)
        value, gradient = engine_at(free, arrays_of(layout))
        also_value, also_gradient = engine_at(free, arrays_of(turned))
        assert also_value == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(
            also_gradient, gradient, rtol=1e-9, atol=1e-9 * np.abs(gradient).max()
        )


def features(layout):
    spec = layout.spec
    yield "growth", spec.growth.kind
    yield from (("family", prior.family) for prior in spec.priors.values())
    yield from (("likelihood", name) for name in layout.rows)
    yield from (("reach", spec.sources[name].reach_kind) for name in layout.sources)
    yield from (("kind", row.kind) for row in layout.observations.fitted)
    for scope in spec.scopes.values():
        yield from (
            ("relation", relation) for relation in RATIO_SUPPORT if getattr(scope, relation)
        )
        yield from (
            ("scope", key) for key in ("region_sd", "trend", "covariate") if getattr(scope, key)
        )
    for own in spec.covariates.values():
        yield ("covariate", own.effect, own.transform)
    for name in layout.sources:
        source = spec.sources[name]
        yield ("region_sd", source.reach_kind, source.region_sd is not None)
        yield (
            "kind_region_sd",
            source.reach_kind,
            spec.source_kinds[source.kind].region_sd is not None,
        )
        yield ("lineage", source.reach_kind, source.lineage is not None)
        yield ("exceptions", source.reach_kind, bool(source.reach and source.reach.regions))
    yield ("shared_bias", spec.shared_bias is not None)
    yield ("left out", len(layout.sources) < len(spec.sources))
    years = spec.years
    yield ("reference", years.reference == years.first, years.reference == years.last)
    yield ("pools", len(spec.areas.pools) > 1)
    yield ("reach groups", len(spec.areas.reach_groups) < len(spec.areas.regions))


def test_studies_use_all_that_there_is():
    found = {feature for name in STUDIES for feature in features(study(name).layout)}
    free = ("coverage", "multiplier", "trend")
    noisy = [form for form in FORMS if form not in BINOMIAL_FORMS]
    likelihoods = [
        *itertools.product(noisy, [row_forms.STUDENT_T, row_forms.NORMAL]),
        *itertools.product(BINOMIAL_FORMS, [""]),
    ]
    wanted = {
        *itertools.product(["growth"], GROWTH_KINDS),
        *itertools.product(["family"], FAMILIES),
        *itertools.product(["likelihood"], likelihoods),
        *itertools.product(["reach"], REACH_KEYS),
        *itertools.product(["kind"], OBSERVATION_KINDS),
        *itertools.product(["relation"], RATIO_SUPPORT),
        *itertools.product(["scope"], ["region_sd", "trend", "covariate"]),
        *itertools.product(["covariate"], ["level", "growth"], ["log", "none"]),
        *itertools.product(["region_sd", "kind_region_sd"], free, [True, False]),
        *itertools.product(["lineage"], ["coverage", "multiplier", "anchor"], [True, False]),
        *itertools.product(["exceptions"], ["coverage", "multiplier"], [True, False]),
        *itertools.product(["shared_bias", "left out", "pools", "reach groups"], [True, False]),
        *(("reference", *ends) for ends in [(True, False), (False, True), (False, False)]),
    }
    assert wanted - found == set()


@pytest.mark.parametrize("name", STUDIES)
def test_likelihoods_at_once_are_those_of_the_rows_added_up(name):
    layout = study(name).layout
    arrays, rng = arrays_of(layout), np.random.default_rng(5)
    _, at, _ = evaluate_at(prior_draws(layout, rng, 1)[0], arrays)
    stated = (arrays.row_form == STATED) & (arrays.row_tails == STUDENT_T)
    # So far out, or so precise, that products of a few rows leave the range of floating-point
    # numbers unless they are ended.
    for spread in (0.0, 30.0):
        own = np.where(stated, 10 ** rng.uniform(-spread, spread, stated.size), at.dispersion)
        far = at._replace(dispersion=own)
        rows = row_log_likelihoods(far, arrays)
        total, slopes = likelihood_and_slopes(far, arrays)
        assert np.isfinite(rows).all()
        assert total == pytest.approx(rows[:, 0].sum(), rel=1e-12)
        np.testing.assert_allclose(slopes, rows[:, 1:], rtol=1e-9)
