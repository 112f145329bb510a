"""Fixtures of all tests: the toy study, and one fit of it for the whole run, since fitting is the
cost."""

from __future__ import annotations

from pathlib import Path

import pytest

import headcount as hc

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def toy_spec() -> hc.ModelSpec:
    """The toy study's spec, base priors."""
    return hc.read_spec(ROOT / "models" / "toy.toml")


@pytest.fixture(scope="session")
def toy_observations() -> hc.Observations:
    """The toy study's observations."""
    return hc.read_observations(ROOT / "data" / "toy" / "observations.csv")


@pytest.fixture(scope="session")
def toy_fit(toy_spec: hc.ModelSpec, toy_observations: hc.Observations) -> hc.Fit:
    """The only fit that the tests share; frozen, so that none can spoil it for another."""
    return hc.fit(
        toy_spec,
        toy_observations,
        seed=1,
        progress=False,
        sampler=hc.Sampler(chains=4, draws=500, tune=1000),
    )
