"""From a study to a PyMC model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pymc as pm
import pytensor.tensor as pt

from headcount._names import (
    LINEAGE,
    REACH_GROUP,
    REGION,
    SCOPE,
    SOURCE,
    SOURCE_REACH_GROUP,
    STEP,
    SURVEY_EPOCH,
    YEAR,
)
from headcount.layout.study_layout import Layout, layout_of
from headcount.model.graph_data import study_arrays
from headcount.model.latent_headcount import log_headcount, log_ratios
from headcount.model.likelihoods import observe
from headcount.model.log_reach import log_reach
from headcount.model.parameters import Parameters
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec
from headcount.study.study import Study

__all__ = ["build_model", "model_of"]


def build_model(study: Study | ModelSpec, observations: Observations | None = None) -> pm.Model:
    """Build the PyMC model of a study.

    The model is the definition: read it, extend it, or sample it with any of PyMC's samplers.
    `headcount.fit` samples the same density faster.

    Parameters
    ----------
    study
        A study, or the spec of one.
    observations
        The rows, where a spec is given.

    Returns
    -------
    pymc.Model
        With ``parameter`` (dims prior: every prior of the spec on its link scale, labelled by its
        path), standard normal ``*_z`` variables, and the deterministics ``log_headcount`` (region,
        year), ``log_ratio`` (scope, region[, year]), ``log_reach`` (source, region[, year]),
        ``noise_scale`` (source), and ``selection`` and ``concentration`` (frame: a survey or
        linkage between two breaks).

    Raises
    ------
    StudyError
        Where spec and observations do not fit together.

    Examples
    --------
    >>> import headcount as hc
    >>> spec = hc.read_spec("models/toy.toml")
    >>> observations = hc.read_observations("data/toy/observations.csv")
    >>> model = hc.build_model(spec, observations)
    >>> model.named_vars_to_dims["log_headcount"]
    ('region', 'year')
    """
    return model_of(layout_of(Study.of(study, observations)))


def model_of(layout: Layout) -> pm.Model:
    """Build the PyMC model of a study that is laid out; see `build_model`."""
    with pm.Model(coords=_coords(layout)) as model:
        data = {name: pm.Data(name, value) for name, value in study_arrays(layout).items()}
        parameters = Parameters(layout, data)
        headcount = log_headcount(layout, parameters, data)
        ratios = log_ratios(layout, parameters, data)
        reach, lists = log_reach(layout, parameters, data)
        seen = pt.concatenate([reach, pt.zeros_like(reach[:1]), lists])
        observe(layout, parameters, data, _terms(headcount, ratios, seen, data))
    return model


def _terms(headcount: Any, ratios: Any, seen: Any, data: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the log expected values, dims (term,): sums over cells, known populations, and a zero.

    Seers are the sources, nobody (who sees everybody), and the lists alone; see
    `headcount.layout.study_layout`.
    """
    here = _at(data["cell_year"], headcount, ratios, seen, data)
    ahead = _at(data["cell_next_year"], headcount, ratios, seen, data)
    cells = here + data["cell_next_weight"] * (ahead - here) + data["cell_log_weight"]
    padded = pt.concatenate([cells, pt.full((1,), -pt.inf)])
    sums = pt.logsumexp(padded[data["term_multiple"]], axis=1)
    return pt.concatenate([cells[data["term_single"]], sums, data["term_known"]])


def _at(year: Any, headcount: Any, ratios: Any, seen: Any, data: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return what is seen in each cell at the middle of a year, dims (cell,)."""
    observer, scope, region = data["cell_observer"], data["cell_scope"], data["cell_region"]
    ratio = ratios[scope, region, year if ratios.type.shape[2] != 1 else 0]
    return (
        headcount[region, year]
        + ratio
        + seen[observer, region, year if seen.type.shape[2] != 1 else 0]
    )


def _coords(layout: Layout) -> dict[str, Any]:
    spec, areas = layout.spec, layout.spec.areas
    pairs = [f"{layout.sources[s]}|{areas.reach_groups[u]}" for s, u in layout.source_reach_groups]
    return {
        REGION: areas.regions,
        YEAR: spec.years.labels,
        REACH_GROUP: areas.reach_groups,
        STEP: spec.years.labels[1:],
        SCOPE: layout.scopes,
        SOURCE: layout.sources,
        SOURCE_REACH_GROUP: pairs,
        LINEAGE: tuple(spec.lineages),
        "pool_free": range(len(areas.pools) - 1),
        "trend_source": [name for name in layout.sources if spec.sources[name].trend],
        SURVEY_EPOCH: [
            f"{name}|{breaks}" if breaks else name for name, breaks in layout.survey_epochs
        ],
        "shrunk_covariate": spec.shrunk_covariates,
        **{f"part_of_{name}": spec.parts_of(name) for name in spec.breakdowns},
        **Parameters.coords(layout),
    }
