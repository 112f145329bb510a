"""Conflicts between sources and priors.

Every level is a node at which two sets of evidence meet: its prior in the spec (of the coverage of
a source, for example), and all other evidence (the statements of this source with all other sources
and priors). Splitting the node [1]_ gives two distributions that should agree. With a prior that is
normal on its link scale, of mean mu and sd sigma, the other side needs no fit of its own: dividing
the prior out of the posterior, of mean m and variance v, leaves a normal likelihood, and the
difference of the two sides in units of its own standard deviation is

    z = (m - mu) / (sigma sqrt(1 - v / sigma^2)),

standard normal if the model is right; ``1 - v / sigma^2`` is the contraction of the prior. Where it
is near zero no other evidence informs the node, so the posterior mean should be that of the prior;
``LEAST_CONTRACTION`` replaces anything smaller, lest the noise of sampling look like a conflict.

Nodes are

- every prior that is normal on its link scale;
- the reach of each source in each reach group that it has rows about, on its link scale: the level,
  the prior for the area, and the deviations by region of the source and of its kind, which could
  hide a wrong level if all have one sign;
- the mean error of each source's rows, whose prior is the noise of the source. A source whose level
  is known (an anchor) has no other node.

The source that pulls a node away from its prior is found from the precision near the posterior
mean: each source's score contributes to the posterior mean of the node.

Table, one line for each node: ``node`` (path of a prior, ``reach of SOURCE in GROUP`` or ``errors
of SOURCE``), ``source`` (whose node it is, or empty), ``z``, ``p`` (two-sided), ``contraction``,
``stated_lower, stated_upper`` (90 % interval of the prior, in its own unit; of an error, a factor),
``implied`` (the mean that all other evidence implies), ``shift`` (implied minus stated mean, in
prior standard deviations), ``pulled_by`` (the source that pulls hardest), ``conflict``.

References
----------
.. [1] Presanis, A. M., Ohlssen, D., Spiegelhalter, D. J. and De Angelis, D. (2013). Conflict
   diagnostics in directed acyclic graphs, with applications in Bayesian evidence synthesis.
   Statistical Science 28(3), 376-397. https://doi.org/10.1214/13-STS426
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import sparse, stats

from headcount._names import ROW, SAMPLE_DIMS
from headcount._types import BoolArray, FloatArray, IntArray
from headcount._wording import rounded_percent
from headcount.diagnostics.checks.check_result import CheckResult
from headcount.diagnostics.checks.evidence import Evidence
from headcount.diagnostics.identification.precision_terms import precision_terms_at
from headcount.engine.density.codes import REACH_LINK
from headcount.engine.density.evaluation import evaluate
from headcount.engine.density.reach_points import ReachPoints
from headcount.engine.density.study_arrays import StudyArrays, arrays_of
from headcount.engine.derivatives.fisher_information import factorise
from headcount.engine.derivatives.jacobian import row_jacobian_at
from headcount.posterior.draw_transfer import DrawTransfer, draws_from_priors
from headcount.posterior.fits import Fit
from headcount.posterior.row_expectations import noise_of
from headcount.study.priors import LINK_NORMAL, Prior
from headcount.study.row_forms import STATED, Likelihood

__all__ = ["ALLOWED", "LEAST_CONTRACTION", "check_conflict"]

ALLOWED: Final = 0.05
"""Expected part of the named conflicts that are false alarms (Benjamini and Hochberg 1995,
doi:10.1111/j.2517-6161.1995.tb02031.x)."""

LEAST_CONTRACTION: Final = 0.25
"""Below it the other side is at least nearly twice as wide as the prior, and the level that it
implies is not known to one digit."""

NAMED: Final = 3
"""Conflicts that the headline describes."""

PRIOR_DRAWS: Final = 4000
"""Draws of a reach from its priors; they give its standard deviation to about one percent."""


DETAILS: Final = (
    "Each level is split in two: its prior in the spec, and the level that all other evidence "
    "implies. z is the difference of the two in units of its standard deviation, standard normal "
    "if there is no conflict (doi:10.1214/13-STS426). Places are in conflict if their z is too "
    f"large for chance at a false discovery rate of {100 * ALLOWED:.0f} %. A conflict shows that "
    "two things cannot both be right, not which one is wrong: a source, a prior, or the definition "
    "of the scope. One conflict often shows at several nodes, at all that could resolve it."
)


def check_conflict(evidence: Evidence) -> CheckResult:
    """Split each node of the level and name those whose two sides disagree.

    Parameters
    ----------
    evidence
        Of the fit.

    Returns
    -------
    CheckResult
        Passed if no node is in conflict; table as in the module's text, the largest z first.
    """
    table = pd.DataFrame(
        [*_prior_nodes(evidence.fit), *_reach_nodes(evidence.fit), *_error_nodes(evidence)]
    )
    table["p"] = 2 * stats.norm.sf(table["z"].abs())
    table["conflict"] = _discovered(table["p"].to_numpy())
    table["pulled_by"] = _pulled_by(evidence.fit, table)
    table = table.sort_values("z", key=np.abs, ascending=False, ignore_index=True)
    named = table[table["conflict"]]
    return CheckResult("conflict", named.empty, _headline(named, table), table, DETAILS)


def _prior_nodes(fit: Fit) -> Iterator[dict[str, Any]]:
    parameters = fit.posterior["parameter"].transpose("prior", *SAMPLE_DIMS)
    for path, draws in zip(parameters["prior"].to_numpy(), parameters.to_numpy(), strict=True):
        prior = fit.spec.priors[str(path)]
        if prior.is_link_normal:
            link = np.asarray(prior.link.forward(draws.ravel()))
            yield {"node": str(path), "source": _source_of(str(path))} | _split(
                prior, float(link.mean()), float(link.var())
            )


def _reach_nodes(fit: Fit) -> Iterator[dict[str, Any]]:
    """Split the reach of each source in each reach group from all its priors together."""
    layout, arrays = fit.layout, arrays_of(fit.layout)
    rng = np.random.default_rng(fit.sampling.seed)
    places = ReachPoints.of(layout, everywhere=False).places
    stated, found = (
        _sums(np.ascontiguousarray(free), arrays, len(places))
        for free in (
            draws_from_priors(layout, PRIOR_DRAWS, rng),
            DrawTransfer.of(fit, PRIOR_DRAWS).free,
        )
    )
    units = layout.region_reach_group[places[:, 1]] if len(places) else np.zeros(0, dtype=np.int64)
    for source, unit in sorted(
        {(int(s), int(u)) for s, u in zip(places[:, 0], units, strict=True)}
    ):
        name, own = layout.sources[source], (places[:, 0] == source) & (units == unit)
        reach = layout.spec.sources[name].reach
        if reach is None or not _varies_by_region(name, fit):
            continue
        before, after = stated[:, own].mean(axis=1), found[:, own].mean(axis=1)
        link = reach.prior.link
        middle = Prior(
            reach.prior.support,
            LINK_NORMAL,
            (float(link.inverse(before.mean())), float(before.std())),
        )
        node = f"reach of {name} in {layout.spec.areas.reach_groups[unit]}"
        yield {"node": node, "source": name} | _split(
            middle, float(after.mean()), float(after.var())
        )


def _varies_by_region(name: str, fit: Fit) -> bool:
    """Say whether the reach of a source has deviations by region; if not, its prior is the node."""
    source = fit.spec.sources[name]
    return source.region_sd is not None or fit.spec.source_kinds[source.kind].region_sd is not None


def _sums(free: FloatArray, arrays: StudyArrays, count: int) -> FloatArray:
    """Return the reach on its link scale; dims (draw, zeta)."""
    _, sums = evaluate(free, arrays)
    return np.asarray(sums[:, arrays.offset[REACH_LINK] : arrays.offset[REACH_LINK] + count])


def _source_of(path: str) -> str:
    section, _, rest = path.partition(".")
    return rest.partition(".")[0] if section == "sources" else ""


def _error_nodes(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """Split the mean error of each source's stated rows from its noise."""
    fit = evidence.fit
    location, spread = (
        evidence.moments[name]
        .transpose(*SAMPLE_DIMS, ROW)
        .to_numpy()
        .reshape(-1, len(fit.layout.row_source))
        for name in ("location", "spread")
    )
    stated = [likelihood for likelihood in fit.layout.rows if likelihood.form == STATED]
    for source, name in enumerate(fit.layout.sources if stated else ()):
        parts = [_errors(fit, likelihood, source, location, spread) for likelihood in stated]
        errors, variance = (np.concatenate(own, axis=-1) for own in zip(*parts, strict=True))
        if not variance.size:
            continue
        weight = (1 / variance) / np.sum(1 / variance)
        mean = errors @ weight
        prior = Prior("positive", LINK_NORMAL, (1.0, float(1 / np.sqrt(np.sum(1 / variance)))))
        yield {"node": f"errors of {name}", "source": name} | _split(
            prior, float(mean.mean()), float(mean.var())
        )


def _errors(
    fit: Fit, likelihood: Likelihood, source: int, location: FloatArray, spread: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return errors of a source's stated rows, dims (draw, row), and variances, dims (row,)."""
    rows = fit.layout.rows[likelihood]
    own = fit.layout.row_source[rows.position] == source
    position = rows.position[own]
    # Expected values of the squared spread; a standard Student's t with four degrees of freedom has
    # variance 2.
    variance = (spread[:, position] ** 2).mean(axis=0) * noise_of(likelihood).var()
    return rows.value[own] - location[:, position], variance


def _split(prior: Prior, mean: float, variance: float) -> dict[str, Any]:
    """Compare a prior with a posterior from which it is divided out, both on the link scale."""
    contraction = 1 - variance / prior.scale**2
    moved = (mean - prior.location) / prior.scale
    # A wide other side has a mean that is at least as far out as that of the posterior.
    shift = moved / contraction if contraction >= LEAST_CONTRACTION else moved
    lower, upper = prior.quantile([0.05, 0.95])
    return {
        "z": moved / np.sqrt(max(contraction, LEAST_CONTRACTION)),
        "contraction": contraction,
        "stated_lower": float(lower),
        "stated_upper": float(upper),
        "implied": float(prior.link.inverse(prior.location + shift * prior.scale)),
        "shift": shift,
    }


def _discovered(p: FloatArray) -> BoolArray:
    """Return which of many tests are significant at a false discovery rate of ``ALLOWED``."""
    return np.asarray(stats.false_discovery_control(p) <= ALLOWED)


def _pulled_by(fit: Fit, table: pd.DataFrame) -> list[str]:
    """Return for each prior in conflict the source whose score moves it furthest; else no name."""
    arrays, layout = arrays_of(fit.layout), fit.layout
    x = DrawTransfer.of(fit).free.mean(axis=0)
    found, terms = row_jacobian_at(x, arrays), precision_terms_at(x, arrays, layout)
    by_source = (
        _indicator(layout.row_source, len(layout.sources))
        @ sparse.diags_array(found.score)
        @ found.jacobian
    )
    precision = sparse.csc_array(terms.rows.T @ terms.rows)
    pull = factorise(precision).solve(np.ascontiguousarray(by_source.toarray().T))
    column = {path: i for i, path in enumerate(layout.priors)}
    names = []
    for line in table.itertuples(index=False):
        at = column.get(str(line.node))
        if at is None or not line.conflict:
            names.append("")
            continue
        along = (
            np.sign(line.z) * pull[at] * np.array([name != line.source for name in layout.sources])
        )
        names.append(layout.sources[int(np.argmax(along))] if along.max() > 0 else "")
    return names


def _indicator(index: IntArray, size: int) -> sparse.csr_array:
    """Return which row belongs to which source; dims (source, row)."""
    return sparse.coo_array(
        (np.ones(index.size), (index, np.arange(index.size))), (size, index.size)
    ).tocsr()


def _headline(named: pd.DataFrame, table: pd.DataFrame) -> str:
    places = f"{len(table)} places where two sets of evidence meet"
    if named.empty:
        first = table.iloc[0]
        return (
            f"No conflict at any of {places}; the largest difference is at {first['node']} "
            f"(z = {first['z']:+.1f})."
        )
    sentences = "; ".join(conflict_sentence(line) for _, line in named.head(NAMED).iterrows())
    more = f"; and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return f"{len(named)} of {places} are in conflict: {sentences}{more}."


def conflict_sentence(line: pd.Series) -> str:
    """Describe the conflict at one node.

    Parameters
    ----------
    line
        A line of the check's table.

    Returns
    -------
    str
        Without a full stop.
    """
    against = f" with {line['pulled_by']}" if line["pulled_by"] else ""
    size, z = f"{abs(line['shift']):.1f}", f"(z = {line['z']:+.1f})"
    if str(line["node"]).startswith("errors of"):
        higher = "higher" if line["implied"] > 1 else "lower"
        percent = f"{rounded_percent(abs(line['implied'] - 1))} {higher}"
        return (
            f"{line['source']} states numbers {percent} than all other evidence implies, {size} "
            f"standard deviations of its noise {z}"
        )
    stated = f"{line['stated_lower']:.2g} to {line['stated_upper']:.2g}"
    side = "above" if line["z"] > 0 else "below"
    return (
        f"{line['node']} is stated as {stated} and all other evidence{against} implies "
        f"{line['implied']:.2g}, {size} prior standard deviations {side} {z}"
    )
