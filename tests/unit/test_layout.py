"""Layout: a study as indices, read back here in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.studies import STUDIES, study

import headcount as hc
from headcount.layout.scopes import known_log_headcount, latent_scopes
from headcount.layout.study_layout import Layout, zero_sum_basis
from headcount.simulation.covariate_facts import known_populations, scaled_covariate
from headcount.study.observation_kinds import kind_of
from headcount.study.row_forms import BINOMIAL_FORMS, FORMS


@pytest.fixture(scope="module", params=STUDIES)
def layout(request):
    return study(request.param).layout


def cells_of(layout, term):
    """Return the cells of a term in words; none for a known one."""
    single, multiple = layout.terms.single, layout.terms.multiple
    if term < len(single):
        indices = [single[term]]
    elif term < len(single) + len(multiple):
        indices = [cell for cell in multiple[term - len(single)] if cell >= 0]
    else:
        return None
    return {cell_in_words(layout, index) for index in indices}


def cell_in_words(layout, index):
    own, spec = layout.cells, layout.spec
    observers = [
        *((name, False) for name in layout.sources),
        ("", False),
        *((name, True) for name in layout.sources),
    ]
    time = spec.years.labels[own.year[index]] + own.next_weight[index]
    return (
        *observers[own.observer[index]],
        layout.scopes[own.scope[index]],
        spec.areas.regions[own.region[index]],
        round(time, 9),
        round(float(np.exp(own.log_weight[index])), 9),
    )


def known_of(layout, term):
    return layout.terms.known[term - len(layout.terms.single) - len(layout.terms.multiple)]


def check_term(layout, index, term):
    spec = layout.spec
    if term is None:
        assert known_of(layout, index) == 0.0
        return
    regions = list(spec.areas.regions_of(term.area))
    if spec.scopes[term.scope].covariate:
        logs = known_populations(spec)[term.scope][regions]
        people = sum(
            moment.weight * np.exp(on_the_line(path, moment.time, spec.years))
            for path in logs
            for moment in term.when
        )
        assert known_of(layout, index) == pytest.approx(np.log(people))
        return
    assert cells_of(layout, index) == {
        (
            term.source,
            term.bare,
            term.scope,
            spec.areas.regions[region],
            round(moment.time, 9),
            round(moment.weight, 9),
        )
        for region in regions
        for moment in term.when
    }


def on_the_line(path, time, years):
    """Return a path at a time, by its nearest two years."""
    first = min(max(int(np.floor(time)), years.first), years.last - 1) - years.first
    return path[first] + (path[first + 1] - path[first]) * (time - years.first - first)


def test_every_row_points_at_the_cells_of_its_terms(layout):
    spec, fitted = layout.spec, layout.observations.fitted
    seen = []
    for likelihood, rows in layout.rows.items():
        for i, position in enumerate(rows.position):
            row = fitted[position]
            form = kind_of(row).form(row, spec)
            tails = spec.source_kinds[spec.sources[row.source].kind].tails
            assert likelihood == (form.form, "" if form.form in BINOMIAL_FORMS else tails)
            check_term(layout, rows.numerator[i], form.numerator)
            check_term(layout, rows.denominator[i], form.denominator)
            check_term(layout, rows.second_numerator[i], form.second_numerator)
            for field in ("value", "other", "noise_factor", "variance"):
                assert getattr(rows, field)[i] == getattr(form, field)
            seen.append(position)
        assert len(rows) == len(rows.position)
    assert sorted(seen) == list(range(len(fitted)))
    assert [layout.sources[i] for i in layout.row_source] == [row.source for row in fitted]


def test_no_cell_stands_twice_and_none_is_idle(layout):
    cells = [cell_in_words(layout, index) for index in range(len(layout.cells))]
    assert len(set(cells)) == len(cells)
    used = {*layout.terms.single.tolist(), *layout.terms.multiple.ravel().tolist()} - {-1}
    assert used == set(range(len(layout.cells)))


def test_likelihoods_stand_by_tails_and_then_by_form(layout):
    places = [(own.tails == "normal", FORMS.index(own.form)) for own in layout.rows]
    assert places == sorted(set(places))


def test_sources_that_no_row_mentions_are_left_out_and_the_order_is_the_spec_s(layout):
    fitted = layout.observations.fitted
    present = (
        {row.source for row in fitted}
        | {row.of_source for row in fitted}
        | {row.seen_by for row in fitted}
    )
    present |= {
        name for source in present if source for name in layout.spec.sources[source].lists or ()
    }
    assert list(layout.sources) == [name for name in layout.spec.sources if name in present]


def test_excluded_rows_need_no_cells():
    spec, observations = study("rich")
    first = {row.source: row.line for row in observations.rows[::-1]}
    rows = [
        row if first[row.source] == row.line else replace(row, excluded="why")
        for row in observations.rows
    ]
    layout = Layout.of(spec, hc.Observations(tuple(rows)))
    assert sum(len(rows) for rows in layout.rows.values()) == len(layout.row_source) == len(first)
    assert len(layout.cells) < len(study("rich").layout.cells)


def test_scopes_come_after_what_they_are_relative_to(layout):
    spec = layout.spec
    assert layout.scopes[0] == spec.target
    assert set(layout.scopes) == {
        name for name, scope in spec.scopes.items() if not scope.covariate
    }
    for position, name in enumerate(layout.scopes[1:], start=1):
        assert spec.relative_to(name) in layout.scopes[:position]
    assert latent_scopes(spec) == layout.scopes


def test_deviations_of_sources_are_kept_for_reach_groups_of_some_row():
    layout = study("rich").layout
    spec = layout.spec
    seen = {
        (term.source, spec.areas.reach_group_of(spec.areas.regions[region]))
        for row in layout.observations.fitted
        for form in [kind_of(row).form(row, spec)]
        for term in (form.numerator, form.denominator, form.second_numerator)
        if term is not None and term.source and not spec.scopes[term.scope].covariate
        if spec.sources[term.source].region_sd is not None
        for region in spec.areas.regions_of(term.area)
    }
    assert {
        (layout.sources[s], spec.areas.reach_groups[u]) for s, u in layout.source_reach_groups
    } == seen


def test_regions_know_their_reach_group_and_pool(layout):
    areas = layout.spec.areas
    assert [areas.reach_groups[i] for i in layout.region_reach_group] == [
        areas.reach_group_of(region) for region in areas.regions
    ]
    assert [areas.pools[i] for i in layout.region_pool] == [
        areas.pool_of(region) for region in areas.regions
    ]


def test_the_narrowest_exception_sets_the_level_and_of_equals_the_first():
    layout = study("rich").layout
    regions = layout.spec.areas.regions
    paths = dict(zip(regions, layout.reach_prior_paths("platform"), strict=True))
    own = "sources.platform.coverage"
    # C has four regions and BC five, so within both C speaks; C1 is narrower still.
    assert paths == {
        "A": own, "B": f"{own}.regions.BC", "D": own, "C1": f"{own}.regions.C1",
        "C3": f"{own}.regions.C", "C-REST": f"{own}.regions.C", "C2-REST": f"{own}.regions.C",
    }  # fmt: skip
    assert set(layout.reach_prior_paths("registry")) == {"sources.registry.anchor"}
    spec = study("apart").spec
    document = spec.document
    areas = hc.parse_areas(spec.areas.to_csv() + "AB,both,,,,,A;B\nBA,both,,,,,B;A\n")
    document["sources"]["first"]["coverage"]["regions"] = {
        code: {"low": 0.2, "high": 0.8} for code in ("BA", "AB", "W")
    }
    equal = hc.parse_spec(document, areas=areas, covariates=spec.covariate_table)
    assert set(Layout.of(equal, study("apart").observations).reach_prior_paths("first")) == {
        "sources.first.coverage.regions.BA"
    }


def test_covariates_are_the_oracle_s(layout):
    for name in layout.spec.covariates:
        expected = scaled_covariate(name, layout.spec).reshape(len(layout.spec.areas.regions), -1)
        np.testing.assert_allclose(layout.covariate(name), expected, atol=1e-12)
    for name, values in known_populations(layout.spec).items():
        np.testing.assert_allclose(known_log_headcount(layout.spec, name), values)


def test_a_covariate_that_is_the_same_everywhere_moves_nothing():
    spec, observations = study("rich")
    rows = [(area, year, name, 7.0, "", "") for area, year, name, *_ in spec.covariate_table.rows]
    flat = hc.parse_spec(spec.document, areas=spec.areas, covariates=hc.Covariates(tuple(rows)))
    layout = Layout.of(flat, observations)
    for name in flat.covariates:
        np.testing.assert_allclose(layout.covariate(name), 0.0, atol=1e-12)


@given(n=some.integers(1, 60))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_the_zero_sum_basis(n):
    basis = zero_sum_basis(n)
    assert basis.shape == (n, n - 1)
    np.testing.assert_allclose(basis.sum(axis=0), 0, atol=1e-12)
    covariance = basis @ basis.T
    # Marginal variance 1, and every pair alike: no member is special, whatever the order.
    expected = np.eye(n) * n / max(n - 1, 1) - 1 / max(n - 1, 1) if n > 1 else np.zeros((1, 1))
    np.testing.assert_allclose(covariance, expected, atol=1e-12)
    assert np.linalg.matrix_rank(basis) == n - 1 if n > 1 else True
