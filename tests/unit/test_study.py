"""A study is checked once, keeps what is computed from it, and stands for its spec and rows."""

from __future__ import annotations

import gc
import pickle
import warnings
import weakref
from dataclasses import replace
from pathlib import Path

import pytest

import headcount as hc
from headcount._memo import memo
from headcount.engine.density.study_arrays import arrays_of
from headcount.layout.study_layout import layout_of
from headcount.study import study as study_module
from headcount.study.arguments import (
    checked_area,
    checked_choice,
    checked_integer,
    checked_prob,
    checked_seed,
    checked_year,
)


@pytest.fixture
def study(toy_spec, toy_observations):
    return hc.Study(toy_spec, toy_observations)


def test_a_study_is_checked_when_it_is_made(toy_spec, toy_observations):
    rows = (replace(toy_observations.rows[0], area="NORHT"), *toy_observations.rows[1:])
    with pytest.raises(hc.StudyError, match=r"unknown area 'NORHT'.*Did you mean 'NORTH'"):
        hc.Study(toy_spec, replace(toy_observations, rows=rows))


def test_a_study_is_not_checked_again(study, monkeypatch):
    monkeypatch.setattr(study_module, "check_study", lambda *_: pytest.fail("checked again"))
    assert hc.Study.of(study) is study
    hc.simulate(study, seed=1)
    hc.preflight(study)
    hc.build_model(study)
    again = pickle.loads(pickle.dumps(study))
    assert again.observations == study.observations


def test_layout_and_arrays_are_kept_with_the_study(study):
    assert layout_of(study) is layout_of(study)
    assert arrays_of(layout_of(study)) is arrays_of(layout_of(study))
    assert arrays_of(layout_of(study), everywhere=True) is not arrays_of(layout_of(study))


def test_results_are_kept_no_longer_than_the_study(toy_spec, toy_observations):
    made = hc.Study(toy_spec, toy_observations)
    kept = weakref.ref(layout_of(made))
    arrays_of(layout_of(made))
    del made
    gc.collect()
    assert kept() is None


def test_a_memo_depends_on_its_keywords():
    class Owner:
        pass

    calls = []

    @memo
    def asked(_owner, *, power=1):
        calls.append(power)
        return power

    one, other = Owner(), Owner()
    assert [asked(one), asked(one, power=2), asked(one, power=2), asked(other)] == [1, 2, 2, 1]
    assert calls == [1, 2, 1]


def test_a_variant_does_not_repeat_warnings(toy_spec, toy_observations):
    fewer = replace(toy_observations, rows=toy_observations.rows[:3])
    with pytest.warns(hc.HeadcountWarning, match="no observations from this source"):
        study = hc.Study(toy_spec, fewer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert study.variant(spec=toy_spec).observations is study.observations


def test_a_warning_points_at_the_line_of_the_caller(toy_spec, toy_observations):
    fewer = replace(toy_observations, rows=toy_observations.rows[:3])
    with pytest.warns(hc.HeadcountWarning) as caught:
        hc.preflight(toy_spec, fewer)
    assert {Path(warning.filename) for warning in caught} == {Path(__file__)}


@pytest.mark.parametrize("given", [("spec",), ("study", "rows"), ("rows",)])
def test_what_is_no_study_is_refused(study, given):
    parts = {"spec": study.spec, "study": study, "rows": study.observations}
    with pytest.raises(hc.ArgumentError, match="are no study"):
        hc.preflight(*(parts[name] for name in given))


def test_a_study_shows_its_size(study):
    assert repr(study).startswith("<headcount.Study '")
    assert f"{len(study.observations.fitted)} rows" in repr(study)


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (checked_prob, 1.0, "prob: 1.0 is not a number between 0 and 1. Write 0.9"),
        (checked_prob, 0, "prob: 0 is not a number"),
        (checked_prob, float("nan"), "prob: nan is not a number"),
        (checked_prob, "0.9", "prob: '0.9' is not a number"),
        (checked_prob, True, "prob: True is not a number"),
        (checked_seed, -1, "seed: -1 is out of range. Write a whole number from 0"),
        (checked_seed, 1.5, "seed: 1.5 is not a whole number"),
        (checked_seed, None, "seed: None is not a whole number"),
        (checked_seed, 2**64, "seed: 18,446,744,073,709,551,616 is out of range"),
    ],
)
def test_arguments_out_of_range_are_refused(check, value, message):
    with pytest.raises(hc.ArgumentError) as caught:
        check(value)
    assert message in str(caught.value)


def test_arguments_within_range_are_returned(study):
    assert checked_prob(0.999) == 0.999
    assert checked_seed(2**64 - 1) == 2**64 - 1
    assert checked_integer(3, "draws", least=3, most=3) == 3
    assert checked_area("NORTH", study.spec) == "NORTH"
    assert checked_year(study.spec.years.last, study.spec) == study.spec.years.last
    assert checked_choice("a", ("a", "b"), "kind") == "a"


def test_unknown_areas_years_and_choices_name_what_there_is(study):
    with pytest.raises(hc.ArgumentError, match="area: unknown area 'NORT'. Did you mean 'NORTH'"):
        checked_area("NORT", study.spec)
    with pytest.raises(hc.ArgumentError, match=r"year: unknown year 1900. The model has \d+ to"):
        checked_year(1900, study.spec)
    with pytest.raises(hc.ArgumentError, match="kind: unknown kind 'c'. Known: 'a', 'b'"):
        checked_choice("c", ("a", "b"), "kind")


def test_all_options_of_the_sampler_are_checked_together():
    with pytest.raises(hc.ArgumentError) as caught:
        hc.Sampler(chains=0, draws=10**12, target_accept=1.2, cores=1.5)
    assert [problem.where for problem in caught.value.problems] == [
        "chains",
        "draws",
        "cores",
        "target_accept",
    ]


def test_an_argument_error_is_a_value_error():
    assert issubclass(hc.ArgumentError, ValueError)
    assert issubclass(hc.ArgumentError, hc.InputError)
