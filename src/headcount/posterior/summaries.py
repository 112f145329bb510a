"""Summaries: from draws to the numbers that are read, with what the sampler's noise allows to say
about them.

Intervals are equal-tailed. Effective sample sizes and R-hat are the rank-normalised ones of Vehtari
et al. [1]_, equal to ArviZ's; they are computed for all quantities at once, since a study has some
thousands and ArviZ takes them one by one.

References
----------
.. [1] Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021).
   Rank-normalization, folding, and localization: an improved R-hat for assessing convergence of
   MCMC. Bayesian Analysis 16(2), 667-718. https://doi.org/10.1214/20-BA1221
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from scipy import fft, special, stats

from headcount._names import (
    CHAIN,
    DRAW,
    LOG_HEADCOUNT,
    REGION,
    SAMPLE_DIMS,
    YEAR,
)
from headcount._types import FloatArray, IntArray
from headcount.errors import HeadcountError
from headcount.layout.scope_ratios import log_ratio
from headcount.layout.study_layout import known_log_headcount
from headcount.posterior.estimands import ratio
from headcount.posterior.fits import Fit
from headcount.posterior.row_expectations import log_reach

__all__ = ["COLUMNS", "area_headcounts", "diagnostics", "estimates", "summarise", "write_estimates"]

COLUMNS: Final = (
    "estimand",
    "area",
    "year",
    "scope",
    "source",
    "mean",
    "sd",
    "median",
    "lower",
    "upper",
    "prob",
    "ess_bulk",
    "ess_tail",
    "rhat",
)
"""Columns of `estimates`, in order."""

TAILS: Final = (0.05, 0.95)
"""Quantiles whose effective sample size is the tail's, as in Vehtari et al., whatever interval is
asked for."""

FEWEST_DRAWS: Final = 4
"""Below this many draws in a chain, no autocorrelation can be estimated."""

AT_ONCE: Final = 200
"""Quantities diagnosed in one piece: some tens of megabytes of work space at 4,000 draws."""


def estimates(fit: Fit, *, prob: float = 0.9) -> pd.DataFrame:
    """Summarise everything that a fit says, one row for each quantity.

    Parameters
    ----------
    fit
        A fit.
    prob
        Probability inside the equal-tailed intervals, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        Columns ``COLUMNS``. By ``estimand``:

        - ``headcount``: people of the target scope, for every area, grouping and year;
        - ``growth``: change from the year before, a fraction, for every area and year but the
          first;
        - ``share``: part of the root's headcount, for every area but the root, and year;
        - ``ratio``: people of ``scope`` for each one of the target, in the root, for every other
          latent scope and year;
        - ``coverage``: what ``source`` sees of its ``scope`` (units for each person, if it has a
          multiplier), for the areas and years of its fitted rows.

        ``lower`` and ``upper`` are the (1 - prob) / 2 and (1 + prob) / 2 quantiles; ``source`` is
        empty where none applies.

    Raises
    ------
    HeadcountError
        Where prob is not a probability.

    Examples
    --------
    >>> table = hc.estimates(fit, prob=0.9)
    >>> list(table.columns[:3])
    ['estimand', 'area', 'year']
    """
    _check(prob)
    frames = [_frame(block, prob) for block in _blocks(fit)]
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)]


def write_estimates(fit: Fit, path: str | Path, *, prob: float = 0.9) -> Path:
    r"""Write the table of `estimates` as CSV.

    Parameters
    ----------
    fit
        A fit.
    path
        File to write: UTF-8, lines end with ``\n``, numbers unrounded, empty cells where a column
        does not apply.
    prob
        As in `estimates`.

    Returns
    -------
    Path
        The file.
    """
    path = Path(path)
    table = estimates(fit, prob=prob)
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    return path


def summarise(draws: xr.DataArray, *, prob: float = 0.9) -> dict[str, float]:
    """Summarise the draws of one quantity.

    Parameters
    ----------
    draws
        Dims (chain, draw), as the functions of `headcount.posterior.estimands` return them once an
        area and a year are chosen.
    prob
        Probability inside the equal-tailed interval, in (0, 1).

    Returns
    -------
    dict
        ``mean, sd, median, lower, upper, prob, ess_bulk, ess_tail, rhat``, as in `estimates`.

    Raises
    ------
    HeadcountError
        Where prob is not a probability, or draws has other dims.

    Examples
    --------
    >>> row = summarise(hc.headcount(fit).sel(year=2021))
    >>> row["lower"] < row["median"] < row["upper"]
    True
    """
    _check(prob)
    if set(draws.dims) != set(SAMPLE_DIMS):
        msg = f"draws have dims {draws.dims}; choose one quantity, so that {SAMPLE_DIMS} are left"
        raise HeadcountError(msg)
    values = draws.transpose(*SAMPLE_DIMS).to_numpy()[None].astype(np.float64)
    return {name: float(value[0]) for name, value in _statistics(values, prob).items()}


def area_headcounts(fit: Fit, *, areas: Sequence[str] | None = None) -> xr.DataArray:
    """Return the headcounts of many areas at once.

    Parameters
    ----------
    fit
        A fit.
    areas
        Codes; all areas and groupings if not given.

    Returns
    -------
    xarray.DataArray
        Draws of the number of people of the target scope, dims (area, year, chain, draw); equal to
        `headcount.headcount` of each area.
    """
    codes = [row.area for row in fit.spec.areas.rows] if areas is None else list(areas)
    people = xr.ufuncs.exp(fit.posterior[LOG_HEADCOUNT].transpose(REGION, YEAR, CHAIN, DRAW))
    total = np.tensordot(_membership(fit, codes), people.to_numpy(), axes=1)
    coords = {"area": codes, YEAR: people[YEAR].to_numpy()}
    return xr.DataArray(total, dims=("area", YEAR, CHAIN, DRAW), coords=coords)


def diagnostics(draws: FloatArray) -> dict[str, FloatArray]:
    """Compute effective sample sizes and R-hat of many quantities.

    Parameters
    ----------
    draws
        Dims (quantity, chain, draw).

    Returns
    -------
    dict
        ``ess_bulk``, ``ess_tail`` (the smaller one of the 5 % and the 95 % quantile) and ``rhat``,
        dims (quantity,); missing where a chain has fewer than four draws. A quantity that does not
        vary has as many effective draws as draws and no R-hat.
    """
    pieces = [_diagnostics(draws[i : i + AT_ONCE]) for i in range(0, len(draws), AT_ONCE)]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


@dataclass(frozen=True)
class _Block:
    """Quantities of one estimand: draws, dims (quantity, chain, draw), and the cells that tell them
    apart.
    """

    estimand: str
    draws: FloatArray
    area: Sequence[str]
    year: Sequence[int]
    scope: str
    source: str = ""


def _check(prob: float) -> None:
    if not 0 < prob < 1:
        msg = f"prob = {prob:g} is not between 0 and 1; write 0.9 for a 90 % interval"
        raise HeadcountError(msg)


def _frame(block: _Block, prob: float) -> pd.DataFrame:
    labels = {"estimand": block.estimand, "area": list(block.area), "year": list(block.year)}
    texts = {"scope": block.scope, "source": block.source}
    return pd.DataFrame(labels | texts | _statistics(block.draws, prob))


def _statistics(draws: FloatArray, prob: float) -> dict[str, FloatArray]:
    ends = [0.5, (1 - prob) / 2, (1 + prob) / 2]
    median, lower, upper = np.quantile(draws, ends, axis=(-2, -1))
    return {
        "mean": draws.mean(axis=(-2, -1)),
        "sd": draws.std(axis=(-2, -1), ddof=1),
        "median": median,
        "lower": lower,
        "upper": upper,
        "prob": np.full(len(draws), prob),
    } | diagnostics(draws)


def _blocks(fit: Fit) -> Iterator[_Block]:
    spec = fit.spec
    people = area_headcounts(fit)
    codes, years = [str(code) for code in people["area"].to_numpy()], spec.years.labels
    total = people.to_numpy()
    yield _grid("headcount", total, codes, years, spec.target)
    yield _grid("growth", total[:, 1:] / total[:, :-1] - 1, codes, years[1:], spec.target)
    root = codes.index(spec.areas.root)
    parts = np.delete(total, root, axis=0) / total[root]
    yield _grid(
        "share", parts, [code for code in codes if code != spec.areas.root], years, spec.target
    )
    for scope in fit.layout.scopes[1:]:
        values = ratio(fit, scope=scope).transpose(YEAR, CHAIN, DRAW).to_numpy()
        yield _grid("ratio", values[None], [spec.areas.root], years, scope)
    for source in fit.layout.sources:
        if spec.sources[source].reach is not None:
            yield _coverages(fit, source)


def _grid(
    estimand: str, draws: FloatArray, areas: Sequence[str], years: Sequence[int], scope: str
) -> _Block:
    """Unfold draws of dims (area, year, chain, draw)."""
    area = [code for code in areas for _ in years]
    year = [label for _ in areas for label in years]
    return _Block(estimand, draws.reshape(len(area), *draws.shape[2:]), area, year, scope)


def _coverages(fit: Fit, source: str) -> _Block:
    """Compute `headcount.coverage` for the areas and years of a source's rows, in one piece."""
    scope = fit.spec.sources[source].scope
    places = sorted(
        {(row.area, row.year) for row in fit.observations.fitted if row.source == source}
    )
    area, year = [code for code, _ in places], [label for _, label in places]
    weights = _membership(fit, area)
    used = np.flatnonzero(weights.any(axis=0))
    posterior = fit.posterior.isel({REGION: used})
    people = _people(fit, posterior.sel({YEAR: sorted(set(year))}), scope, used)
    reach = xr.ufuncs.exp(log_reach(fit, source).isel({REGION: used})).transpose(
        REGION, ..., CHAIN, DRAW
    )
    draws = np.empty((len(places), people.sizes[CHAIN], people.sizes[DRAW]))
    for i, label in enumerate(year):
        own = weights[i, used, None, None] * people.sel({YEAR: label}).to_numpy()
        seen = (reach.sel({YEAR: label}) if YEAR in reach.dims else reach).to_numpy()
        draws[i] = (own * seen).sum(axis=0) / own.sum(axis=0)
    return _Block("coverage", draws, area, year, scope, source)


def _people(fit: Fit, posterior: xr.Dataset, scope: str, regions: IntArray) -> xr.DataArray:
    """Return the people of a scope in some regions and years of the posterior; dims (region, year,
    chain, draw).
    """
    logs = posterior[LOG_HEADCOUNT]
    if fit.spec.scopes[scope].covariate:
        known = xr.DataArray(
            known_log_headcount(fit.spec, scope)[regions],
            dims=(REGION, YEAR),
            coords={YEAR: list(fit.spec.years.labels)},
        )
        logs = xr.zeros_like(logs) + known.sel({YEAR: logs[YEAR]})
    elif scope != fit.spec.target:
        logs = logs + log_ratio(fit.spec, posterior, scope)
    people: xr.DataArray = xr.ufuncs.exp(logs.transpose(REGION, YEAR, CHAIN, DRAW))
    return people


def _membership(fit: Fit, areas: Sequence[str]) -> FloatArray:
    """Return which regions each area holds, 1 or 0; dims (area, region)."""
    tree = fit.spec.areas
    matrix = np.zeros((len(areas), len(tree.regions)))
    for row, code in zip(matrix, areas, strict=True):
        row[list(tree.regions_of(code))] = 1.0
    return matrix


def _diagnostics(draws: FloatArray) -> dict[str, FloatArray]:
    count, _, length = draws.shape
    if length < FEWEST_DRAWS:
        missing = np.full(count, np.nan)
        return {"ess_bulk": missing, "ess_tail": missing, "rhat": missing}
    halves = _split(draws)
    middle = np.median(halves, axis=(-2, -1), keepdims=True)
    bulk, folded = _normal_scores(halves), _normal_scores(np.abs(halves - middle))
    ends = np.quantile(draws, TAILS, axis=(-2, -1))[..., None, None]
    tails = [_effective_size(_split((draws <= end).astype(np.float64))) for end in ends]
    return {
        "ess_bulk": _effective_size(bulk),
        "ess_tail": np.minimum(*tails),
        "rhat": np.maximum(_potential_scale_reduction(bulk), _potential_scale_reduction(folded)),
    }


def _split(draws: FloatArray) -> FloatArray:
    """Return the halves of chains as chains; the middle draw of an odd number is left out."""
    half = draws.shape[-1] // 2
    return np.concatenate([draws[..., :half], draws[..., -half:]], axis=-2)


def _normal_scores(draws: FloatArray) -> FloatArray:
    """Return the normal quantiles of the ranks over all chains, by Blom's approximation."""
    flat = draws.reshape(len(draws), -1)
    ranks = stats.rankdata(flat, axis=1)
    scores: FloatArray = special.ndtri((ranks - 3 / 8) / (flat.shape[1] + 1 / 4))
    return scores.reshape(draws.shape)


def _potential_scale_reduction(draws: FloatArray) -> FloatArray:
    length = draws.shape[-1]
    within = draws.var(axis=-1, ddof=1).mean(axis=-1)
    between = length * draws.mean(axis=-1).var(axis=-1, ddof=1)
    ratio_of = np.divide(between, within, out=np.full_like(within, np.nan), where=within > 0)
    value: FloatArray = np.sqrt((ratio_of + length - 1) / length)
    return value


def _effective_size(draws: FloatArray) -> FloatArray:
    """Return effective sample sizes by Geyer's initial monotone sequence; draws has dims (quantity,
    chain, draw).
    """
    count, chains, length = draws.shape
    covariance = _autocovariance(draws).mean(axis=1)
    within = covariance[:, :1] * length / (length - 1)
    total = covariance[:, :1] + (
        draws.mean(axis=-1).var(axis=-1, ddof=1)[:, None] if chains > 1 else 0.0
    )
    varies = np.ptp(draws.reshape(count, -1), axis=1) > np.finfo(np.float64).resolution
    total[~varies] = 1.0
    correlation = 1 - (within - covariance) / total
    correlation[:, 0] = 1.0
    tau = _autocorrelation_time(correlation)
    size = chains * length
    effective: FloatArray = np.where(varies, size / np.maximum(tau, 1 / np.log10(size)), size)
    return effective


def _autocovariance(draws: FloatArray) -> FloatArray:
    length = draws.shape[-1]
    padded = fft.next_fast_len(2 * length, real=True)
    spectrum = fft.rfft(draws - draws.mean(axis=-1, keepdims=True), padded, axis=-1)
    power = np.abs(spectrum) ** 2
    value: FloatArray = fft.irfft(power, padded, axis=-1)[..., :length] / length
    return value


def _autocorrelation_time(correlation: FloatArray) -> FloatArray:
    """Sum autocorrelations, dims (quantity, lag), while sums of neighbours are positive, made
    monotone.

    The even lag after the last positive pair counts once if it is positive, as in Stan and ArviZ:
    it improves antithetic chains.
    """
    pairs = max(-(-(correlation.shape[1] - 4) // 2), 0) + 1
    sums = correlation[:, 0 : 2 * pairs : 2] + correlation[:, 1 : 2 * pairs : 2]
    ended = np.concatenate([sums[:, :-1] <= 0, np.ones((len(sums), 1), dtype=bool)], axis=1)
    last = ended.argmax(axis=1)
    monotone = np.minimum.accumulate(sums, axis=1)
    before = np.arange(pairs) < last[:, None]
    after = np.take_along_axis(correlation, 2 * last[:, None], axis=1)[:, 0]
    tau: FloatArray = -1 + 2 * (monotone * before).sum(axis=1) + np.maximum(after, 0.0)
    return tau
