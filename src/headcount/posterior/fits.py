"""Fits: a spec, observations and posterior draws, with all that is needed to report them."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from headcount._names import CHAIN, DRAW, POSTERIOR, SAMPLE_STATS, UNCONSTRAINED
from headcount.errors import FitError
from headcount.layout.study_layout import Layout, layout_of
from headcount.study.areas import parse_areas
from headcount.study.covariates import Covariates, parse_covariates
from headcount.study.observation_files import parse_observations
from headcount.study.observations import Observations
from headcount.study.spec_parsing import parse_spec
from headcount.study.specs import ModelSpec
from headcount.study.study import Study

__all__ = ["Fit", "Sampling", "load_fit", "save_fit", "versions"]

PACKAGES: Final = ("headcount", "numpy", "scipy", "numba", "nutpie", "xarray", "arviz")
FORMAT: Final = 4
"""Version of the file's layout; raised when a file of an older one can no longer be read."""


ATTRIBUTES: Final = (
    "headcount_format",
    "spec",
    "spec_name",
    "prior_set",
    "areas",
    "covariates",
    "observations",
    "observations_name",
    "sampling",
)


@dataclass(frozen=True)
class Sampling:
    """How the draws of a fit were made.

    Parameters
    ----------
    seed
        Seed of everything random.
    chains, draws, tune
        Chains, draws kept and draws of the warm-up, for each chain.
    interrupted
        Whether sampling was stopped early; ``draws`` then counts finished ones.
    seconds
        Wall time by step: ``prepare`` (compiled code and coordinates), ``sample``.
    versions
        Package to version, Python among them.
    """

    seed: int
    chains: int
    draws: int
    tune: int
    interrupted: bool = False
    seconds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Fit:
    """A posterior with its study and the record of its sampling.

    Parameters
    ----------
    study
        Spec and observations; the spec's ``prior_set`` names the priors in force.
    tree
        DataTree with the groups ``posterior`` (dims chain, draw, ...), ``unconstrained_posterior``
        (the free vectors that all of a draw can be computed from again) and ``sample_stats``; ready
        for ArviZ.
    sampling
        How the draws were made.
    """

    study: Study
    tree: xr.DataTree
    sampling: Sampling

    @property
    def spec(self) -> ModelSpec:
        """The declaration."""
        return self.study.spec

    @property
    def observations(self) -> Observations:
        """The rows, copies settled."""
        return self.study.observations

    @property
    def posterior(self) -> xr.Dataset:
        """Draws of all variables, dims (chain, draw, ...)."""
        return self.tree[POSTERIOR].to_dataset()

    @property
    def sample_stats(self) -> xr.Dataset:
        """The sampler's own record, dims (chain, draw)."""
        return self.tree[SAMPLE_STATS].to_dataset()

    @property
    def layout(self) -> Layout:
        """The study as index arrays."""
        return layout_of(self.study)

    @property
    def divergences(self) -> int:
        """Number of divergent transitions after warm-up."""
        return int(self.sample_stats["diverging"].sum())

    def __repr__(self) -> str:
        """Return study, priors and draws in a few lines."""
        s = self.sampling
        rows = len(self.observations.fitted)
        draws = f"{s.chains} chains x {s.draws} draws after {s.tune}, seed {s.seed}"
        state = ", interrupted" if s.interrupted else ""
        return (
            f"<headcount.Fit of {self.spec.title!r}\n"
            f"  priors: {self.spec.prior_set}; {rows} rows "
            f"from {len(self.observations.sources)} sources\n"
            f"  areas: {len(self.spec.areas.regions)} regions; years: {self.spec.years.first} to "
            f"{self.spec.years.last}\n"
            f"  draws: {draws}{state}; {self.divergences} divergences\n"
            f"  headcount {s.versions.get('headcount', '?')}>"
        )


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a fit depends on."""
    found = {"python": platform.python_version()}
    return found | {name: metadata.version(name) for name in PACKAGES}


def save_fit(fit: Fit, path: str | Path) -> Path:
    """Write a fit to a NetCDF file that holds everything a report needs.

    Parameters
    ----------
    fit
        The fit.
    path
        File to write; replaced only once the new one is complete.

    Returns
    -------
    Path
        The file.

    Examples
    --------
    >>> import headcount as hc
    >>> hc.save_fit(fit, "fit.nc").name
    'fit.nc'
    """
    path = Path(path)
    tree = fit.tree.copy()
    tree.attrs = _attributes(fit)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    tree.to_netcdf(partial, engine="h5netcdf")
    partial.replace(path)
    return path


def load_fit(path: str | Path) -> Fit:
    """Read a fit that `save_fit` wrote.

    Parameters
    ----------
    path
        NetCDF file.

    Returns
    -------
    Fit
        Equal to the one saved.

    Raises
    ------
    FitError
        Where the file is missing or is no fit.

    Examples
    --------
    >>> import headcount as hc
    >>> path = hc.save_fit(fit, "fit.nc")
    >>> hc.load_fit(path).sampling.seed
    1
    """
    path = Path(path)
    if not path.exists():
        msg = f"{path}: no such file. Make it with: headcount fit MODEL --seed 1 --out {path.name}"
        raise FitError(msg)
    try:
        with xr.open_datatree(path, engine="h5netcdf") as opened:
            tree = opened.load()
    except (OSError, ValueError) as error:
        msg = f"{path}: not a fit file ({error})"
        raise FitError(msg) from error
    missing = [name for name in ATTRIBUTES if name not in tree.attrs]
    if missing or tree.attrs["headcount_format"] != FORMAT:
        msg = (
            f"{path}: not a fit of this version of headcount (format {FORMAT}). "
            "Fit the study again."
        )
        raise FitError(msg)
    return _from_tree(tree)


def _attributes(fit: Fit) -> dict[str, Any]:
    s = fit.sampling
    record = {
        "seed": s.seed,
        "chains": s.chains,
        "draws": s.draws,
        "tune": s.tune,
        "interrupted": s.interrupted,
        "seconds": dict(s.seconds),
        "versions": dict(s.versions),
    }
    return {
        "headcount_format": FORMAT,
        "spec": fit.spec.text,
        "spec_name": fit.spec.name,
        "prior_set": fit.spec.prior_set,
        "areas": fit.spec.areas.to_csv(),
        "covariates": fit.spec.covariate_table.to_csv() if fit.spec.covariate_table.rows else "",
        "observations": fit.observations.to_csv(),
        "observations_name": fit.observations.name,
        "sampling": json.dumps(record),
    }


def _from_tree(tree: xr.DataTree) -> Fit:
    facts = dict(tree.attrs)
    tree.attrs = {}
    covariates = parse_covariates(facts["covariates"]) if facts["covariates"] else Covariates()
    spec = parse_spec(
        json.loads(facts["spec"]),
        areas=parse_areas(facts["areas"]),
        covariates=covariates,
        name=facts["spec_name"],
        prior_set=facts["prior_set"],
    )
    observations = parse_observations(facts["observations"], name=facts["observations_name"])
    study = Study.without_checks(spec, observations)
    return Fit(study, tree, Sampling(**json.loads(facts["sampling"])))


def sampler_tree(posterior: xr.Dataset, free: xr.Dataset, stats: xr.Dataset) -> xr.DataTree:
    """Join draws and the sampler's record into the tree of a fit.

    Parameters
    ----------
    posterior
        Dims (chain, draw, ...).
    free
        The free vectors, dims (chain, draw, variable).
    stats
        Dims (chain, draw).

    Returns
    -------
    xarray.DataTree
        With the groups of a `Fit`.
    """
    for dataset in (posterior, free, stats):
        for dim in (CHAIN, DRAW):
            dataset[dim] = np.arange(dataset.sizes[dim])
    return xr.DataTree.from_dict({POSTERIOR: posterior, UNCONSTRAINED: free, SAMPLE_STATS: stats})
