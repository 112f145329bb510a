"""headcount: how many are there, when nobody can count?

A Bayesian model of a population that many sources see partly and none sees whole. Start with `read_spec`,
`read_observations` and `fit`; ask `headcount`, `growth`, `share`, `ratio` and `coverage`; judge with `check`; hand on
with `report`. Names are imported when first used, so that the shell answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headcount.areas import Areas as Areas
    from headcount.areas import parse_areas as parse_areas
    from headcount.areas import read_areas as read_areas
    from headcount.batches import Job as Job
    from headcount.batches import Outcome as Outcome
    from headcount.batches import run_batch as run_batch
    from headcount.calibration import Calibration as Calibration
    from headcount.calibration import calibrate as calibrate
    from headcount.checks import CheckResult as CheckResult
    from headcount.checks import check as check
    from headcount.covariates import Covariates as Covariates
    from headcount.covariates import parse_covariates as parse_covariates
    from headcount.covariates import read_covariates as read_covariates
    from headcount.elicitation import PriorDescription as PriorDescription
    from headcount.elicitation import describe_prior as describe_prior
    from headcount.errors import FitError as FitError
    from headcount.errors import HeadcountError as HeadcountError
    from headcount.errors import HeadcountWarning as HeadcountWarning
    from headcount.errors import InputError as InputError
    from headcount.errors import SamplingError as SamplingError
    from headcount.errors import SpecError as SpecError
    from headcount.errors import StudyError as StudyError
    from headcount.errors import TableError as TableError
    from headcount.estimands import contrast as contrast
    from headcount.estimands import coverage as coverage
    from headcount.estimands import growth as growth
    from headcount.estimands import headcount as headcount
    from headcount.estimands import ratio as ratio
    from headcount.estimands import share as share
    from headcount.fits import Fit as Fit
    from headcount.fits import load_fit as load_fit
    from headcount.fits import save_fit as save_fit
    from headcount.identification import Preflight as Preflight
    from headcount.identification import RestsOn as RestsOn
    from headcount.identification import preflight as preflight
    from headcount.identification import rests_on as rests_on
    from headcount.inference import fit as fit
    from headcount.model import build_model as build_model
    from headcount.observations import Observation as Observation
    from headcount.observations import Observations as Observations
    from headcount.observations import parse_observations as parse_observations
    from headcount.observations import read_observations as read_observations
    from headcount.priors import Prior as Prior
    from headcount.reporting import report as report
    from headcount.sensitivity import Comparison as Comparison
    from headcount.sensitivity import Influence as Influence
    from headcount.sensitivity import ValueOfInformation as ValueOfInformation
    from headcount.sensitivity import compare_priors as compare_priors
    from headcount.sensitivity import influence as influence
    from headcount.sensitivity import value_of_information as value_of_information
    from headcount.simulation import simulate as simulate
    from headcount.simulation import simulate_prior as simulate_prior
    from headcount.spec_files import parse_spec as parse_spec
    from headcount.spec_files import read_spec as read_spec
    from headcount.spec_files import with_prior as with_prior
    from headcount.spec_files import with_prior_set as with_prior_set
    from headcount.specs import ModelSpec as ModelSpec
    from headcount.study_checks import check_study as check_study
    from headcount.summaries import estimates as estimates

_HOMES = {
    "areas": ("Areas", "parse_areas", "read_areas"),
    "batches": ("Job", "Outcome", "run_batch"),
    "calibration": ("Calibration", "calibrate"),
    "checks": ("CheckResult", "check"),
    "covariates": ("Covariates", "parse_covariates", "read_covariates"),
    "elicitation": ("PriorDescription", "describe_prior"),
    "errors": (
        "FitError",
        "HeadcountError",
        "HeadcountWarning",
        "InputError",
        "SamplingError",
        "SpecError",
        "StudyError",
        "TableError",
    ),
    "estimands": ("contrast", "coverage", "growth", "headcount", "ratio", "share"),
    "fits": ("Fit", "load_fit", "save_fit"),
    "identification": ("Preflight", "RestsOn", "preflight", "rests_on"),
    "inference": ("fit",),
    "model": ("build_model",),
    "observations": ("Observation", "Observations", "parse_observations", "read_observations"),
    "priors": ("Prior",),
    "reporting": ("report",),
    "sensitivity": (
        "Comparison",
        "Influence",
        "ValueOfInformation",
        "compare_priors",
        "influence",
        "value_of_information",
    ),
    "simulation": ("simulate", "simulate_prior"),
    "spec_files": ("parse_spec", "read_spec", "with_prior", "with_prior_set"),
    "specs": ("ModelSpec",),
    "study_checks": ("check_study",),
    "summaries": ("estimates",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605 - the table above is the list


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name is
    if name not in _HOME_OF:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
