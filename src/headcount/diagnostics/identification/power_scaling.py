"""Power-scaling: the change of an answer when one prior or source is weighted a little more."""

from __future__ import annotations

from collections.abc import Iterator

import arviz_stats
import numpy as np
import pandas as pd
import xarray as xr

from headcount._names import ROW, SAMPLE_DIMS
from headcount.diagnostics.identification.precision_terms import PRIOR, SOURCE
from headcount.posterior.fits import Fit

__all__ = ["power_scaling"]

ANSWER = "answer"


def power_scaling(fit: Fit, answer: xr.DataArray, log_likelihood: xr.DataArray) -> pd.DataFrame:
    """Measure the sensitivity of an answer to power-scaling each stated prior and each source.

    ArviZ computes the distance between the answer's posterior and the one in which the density of
    a prior or source is raised to a power near one, per doubling of the power [1]_. Above 0.05 it
    matters. Pooled effects have no prior of their own.

    Parameters
    ----------
    fit
        A fit.
    answer
        Draws; dims (chain, draw).
    log_likelihood
        Of each fitted row, as `headcount.posterior.row_expectations.row_moments` gives it, at all
        draws or every so many; dims (chain, draw, row).

    Returns
    -------
    pandas.DataFrame
        Columns ``kind, name, sensitivity``; sensitivities are not negative.

    References
    ----------
    .. [1] Kallioinen, N., Paananen, T., Bürkner, P.-C. and Vehtari, A. (2024). Detecting and
       diagnosing prior and likelihood sensitivity with power-scaling. Statistics and Computing 34,
       57. https://doi.org/10.1007/s11222-023-10366-5
    """
    chosen = {dim: log_likelihood[dim] for dim in SAMPLE_DIMS}
    priors = xr.Dataset(dict(_log_priors(fit, chosen)), coords=chosen)
    rows = log_likelihood.transpose(*SAMPLE_DIMS, ROW)
    sources = {
        name: rows.isel({ROW: fit.layout.row_source == i}).sum(ROW)
        for i, name in enumerate(fit.layout.sources)
    }
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(
                {ANSWER: answer.sel(chosen).transpose(*SAMPLE_DIMS).reset_coords(drop=True)}
            ),
            "log_prior": priors,
            "log_likelihood": xr.Dataset(
                {name: own.reset_coords(drop=True) for name, own in sources.items()}
            ),
        }
    )
    lines = [
        {"kind": kind, "name": name, "sensitivity": _sensitivity(tree, group, str(name))}
        for kind, group, names in ((PRIOR, "prior", priors), (SOURCE, "likelihood", sources))
        for name in names
    ]
    return pd.DataFrame(lines, columns=["kind", "name", "sensitivity"])


def _log_priors(
    fit: Fit, chosen: dict[str, xr.DataArray]
) -> Iterator[tuple[str, tuple[tuple[str, ...], object]]]:
    """Yield the log density of each prior at the draws, on its link scale and up to a constant."""
    parameters = fit.posterior["parameter"].sel(chosen).transpose("prior", *SAMPLE_DIMS)
    for path, draws in zip(parameters["prior"].to_numpy(), parameters.to_numpy(), strict=True):
        yield str(path), (SAMPLE_DIMS, fit.spec.priors[str(path)].log_density(draws))


def _sensitivity(tree: xr.DataTree, group: str, name: str) -> float:
    found = arviz_stats.psense(tree, group=group, group_var_names=[name])  # type: ignore[attr-defined, no-untyped-call]
    return float(np.asarray(found[ANSWER]))
