"""Growth kinds: complete under one name in words, graph, engine and oracle."""

from __future__ import annotations

import pytest

from headcount.simulation.growth_draws import GROWTH_DRAWS
from headcount.study.growth_kinds import GROWTH_KINDS, RECURSIONS
from headcount.study.priors import LINKS
from headcount.study.specs import GrowthSpec


def test_every_kind_can_be_drawn():
    assert GROWTH_KINDS.keys() == GROWTH_DRAWS.keys()


def test_the_default_comes_first():
    assert next(iter(GROWTH_KINDS)) == "damped_trend"
    assert "default" in GROWTH_KINDS["damped_trend"].when


@pytest.mark.parametrize("name", GROWTH_KINDS)
def test_a_kind_names_its_priors_and_where_they_live(name):
    kind = GROWTH_KINDS[name]
    assert kind.name == name
    assert kind.when.endswith(".")
    assert kind.parameters["region_rate_sd"] == "positive"
    # Growth by entries, exits and conversions has no common rate.
    assert kind.parameters.get("rate") == (None if name == "stock_and_flow" else "growth")
    assert set(kind.parameters.values()) <= LINKS.keys()
    assert {kind.base, *kind.nonlinear} <= kind.parameters.keys()


def test_every_recursion_of_the_engine_is_that_of_a_kind():
    assert {kind.recursion for kind in GROWTH_KINDS.values()} == set(RECURSIONS)
    assert [RECURSIONS[kind.code] for kind in GROWTH_KINDS.values()] == [
        kind.recursion for kind in GROWTH_KINDS.values()
    ]


def test_richer_kinds_keep_the_priors_of_simpler_ones():
    plain, walk, damped = (
        GROWTH_KINDS[name].parameters for name in ("exponential", "random_walk", "damped_trend")
    )
    assert plain.items() < walk.items() < damped.items()
    assert damped.keys() - walk.keys() == {"damping"}
    assert GROWTH_KINDS["logistic"].parameters.keys() - walk.keys() == {"ceiling"}


def test_settings_are_keys_of_the_section_with_a_meaning():
    settings = {
        key: words for kind in GROWTH_KINDS.values() for key, words in kind.settings.items()
    }
    assert settings.keys() == {"graduates"}
    assert settings.keys() <= GrowthSpec.model_fields.keys()
    assert all(settings.values())
    assert [name for name, kind in GROWTH_KINDS.items() if kind.forward_only] == ["stock_and_flow"]
