"""The PyMC model of a study, from its parts."""

from __future__ import annotations

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
from headcount.model.graph_data import data_arrays
from headcount.model.latent_headcount import log_headcount, log_ratios
from headcount.model.likelihoods import observe
from headcount.model.log_reach import log_reach
from headcount.model.parameters import Data, Parameters, Tensor
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec
from headcount.study.study import Study

__all__ = ["build_model", "model_of"]


def build_model(study: Study | ModelSpec, observations: Observations | None = None) -> pm.Model:
    """Build the PyMC model of a study.

    This model is the definition: read it, extend it, or sample it with any sampler of PyMC.
    `headcount.fit` samples the same density faster, by compiled code that tests hold equal to it.

    Parameters
    ----------
    study
        A study, or the spec of one.
    observations
        The rows, where a spec is given.

    Returns
    -------
    pymc.Model
        Its variables, with their dims:

        - ``parameter`` (prior): the spec's priors that are normal on their link scale, on that
          scale, labelled by their path; ``parameter_FAMILY`` (prior_FAMILY): those of other
          families, in their own unit.
        - ``*_z``: independent standard normals, one set for each kind of effect: ``region_z``
          (region), ``region_innovation_z`` (region, step), ``noise_z`` (source) and so on; and
          ``trend_level`` (trend_source), the level of sources that are used for their trend only.
        - ``log_headcount`` (region, year): log headcount of the target.
        - ``log_ratio`` (scope, region[, year]): log headcount of each latent scope less that of the
          target; with years if some ratio has a trend.
        - ``log_reach`` (source, region[, year]): log expected count for each person; with years if
          some reach varies in time.
        - ``noise_scale`` (source): sd of a source's errors on the log scale.
        - ``selection`` and ``concentration`` (survey_epoch): of each survey or linkage, a new one
          after each of its breaks; the odds ratio of selection (of a linkage: of dependence), and
          the concentration of its beta-binomial.
        - ``stated``, ``bound``, ``interval``, ``survey``, ``overlap``, some with ``_normal``: the
          observed rows by likelihood, in the order of the table.

    Raises
    ------
    StudyError
        If spec and observations do not fit together.

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
        data = {name: pm.Data(name, value) for name, value in data_arrays(layout).items()}
        parameters = Parameters(layout, data)
        headcount = log_headcount(layout, parameters, data)
        ratios = log_ratios(layout, parameters, data)
        reach, bare_reach = log_reach(layout, parameters, data)
        # By observer: the sources, nobody (reach 1), the lists of the sources alone.
        observed = pt.concatenate([reach, pt.zeros_like(reach[:1]), bare_reach])
        observe(layout, parameters, data, _log_terms(headcount, ratios, observed, data))
    return model


def _log_terms(headcount: Tensor, ratios: Tensor, reach: Tensor, data: Data) -> Tensor:
    """Return the log expected value of each term of `headcount.layout.cells.Terms`, dims (term,).

    ``headcount`` has dims (region, year), ``ratios`` (scope, region, year) and ``reach`` (observer,
    region, year).
    """
    this_year = _log_cells(data["cell_year"], headcount, ratios, reach, data)
    next_year = _log_cells(data["cell_next_year"], headcount, ratios, reach, data)
    step = data["cell_next_weight"] * (next_year - this_year)
    cells = this_year + step + data["cell_log_weight"]
    padded = pt.concatenate([cells, pt.full((1,), -pt.inf)])
    sums = pt.logsumexp(padded[data["term_multiple"]], axis=1)
    return pt.concatenate([cells[data["term_single"]], sums, data["term_known"]])


def _log_cells(
    year: Tensor, headcount: Tensor, ratios: Tensor, reach: Tensor, data: Data
) -> Tensor:
    """Return the log expected value of each cell at the middle of a year, dims (cell,)."""
    observer, scope, region = data["cell_observer"], data["cell_scope"], data["cell_region"]
    ratio = ratios[scope, region, year if ratios.type.shape[2] != 1 else 0]
    own_reach = reach[observer, region, year if reach.type.shape[2] != 1 else 0]
    return headcount[region, year] + ratio + own_reach


def _coords(layout: Layout) -> dict[str, Any]:
    """Return the labels of every dim of the model."""
    spec, areas = layout.spec, layout.spec.areas
    pairs = [f"{layout.sources[s]}|{areas.reach_groups[g]}" for s, g in layout.source_reach_groups]
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
