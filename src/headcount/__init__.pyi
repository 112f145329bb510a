"""The public names of headcount and their modules: one list for Python and for type checkers."""

from .diagnostics.checks import (
    CheckResult as CheckResult,
)
from .diagnostics.checks import (
    check as check,
)
from .diagnostics.identification import (
    Preflight as Preflight,
)
from .diagnostics.identification import (
    RestsOn as RestsOn,
)
from .diagnostics.identification import (
    preflight as preflight,
)
from .diagnostics.identification import (
    rests_on as rests_on,
)
from .diagnostics.verdict import (
    Verdict as Verdict,
)
from .errors import (
    ArgumentError as ArgumentError,
)
from .errors import (
    FitError as FitError,
)
from .errors import (
    HeadcountError as HeadcountError,
)
from .errors import (
    HeadcountWarning as HeadcountWarning,
)
from .errors import (
    InputError as InputError,
)
from .errors import (
    SamplingError as SamplingError,
)
from .errors import (
    SpecError as SpecError,
)
from .errors import (
    StudyError as StudyError,
)
from .errors import (
    TableError as TableError,
)
from .inference import (
    Sampler as Sampler,
)
from .inference import (
    fit as fit,
)
from .model import (
    build_model as build_model,
)
from .posterior.estimands import (
    contrast as contrast,
)
from .posterior.estimands import (
    coverage as coverage,
)
from .posterior.estimands import (
    growth as growth,
)
from .posterior.estimands import (
    headcount as headcount,
)
from .posterior.estimands import (
    ratio as ratio,
)
from .posterior.estimands import (
    share as share,
)
from .posterior.estimate_table import (
    estimates as estimates,
)
from .posterior.fits import (
    Fit as Fit,
)
from .posterior.fits import (
    load_fit as load_fit,
)
from .posterior.fits import (
    save_fit as save_fit,
)
from .reporting import (
    report as report,
)
from .simulation import (
    simulate as simulate,
)
from .simulation import (
    simulate_prior as simulate_prior,
)
from .study.areas import (
    Areas as Areas,
)
from .study.areas import (
    parse_areas as parse_areas,
)
from .study.areas import (
    read_areas as read_areas,
)
from .study.covariates import (
    Covariates as Covariates,
)
from .study.covariates import (
    parse_covariates as parse_covariates,
)
from .study.covariates import (
    read_covariates as read_covariates,
)
from .study.observation import (
    Observation as Observation,
)
from .study.observation_files import (
    parse_observations as parse_observations,
)
from .study.observation_files import (
    read_observations as read_observations,
)
from .study.observations import (
    Observations as Observations,
)
from .study.prior_changes import (
    with_prior as with_prior,
)
from .study.prior_changes import (
    with_prior_set as with_prior_set,
)
from .study.priors import (
    Prior as Prior,
)
from .study.spec_files import (
    read_spec as read_spec,
)
from .study.spec_parsing import (
    parse_spec as parse_spec,
)
from .study.specs import (
    ModelSpec as ModelSpec,
)
from .study.study import (
    Study as Study,
)
from .workflows.batches import (
    BatchOptions as BatchOptions,
)
from .workflows.batches import (
    Job as Job,
)
from .workflows.batches import (
    Outcome as Outcome,
)
from .workflows.batches import (
    run_batch as run_batch,
)
from .workflows.calibration import (
    Calibration as Calibration,
)
from .workflows.calibration import (
    calibrate as calibrate,
)
from .workflows.elicitation import (
    PriorDescription as PriorDescription,
)
from .workflows.elicitation import (
    describe_prior as describe_prior,
)
from .workflows.sensitivity import (
    Comparison as Comparison,
)
from .workflows.sensitivity import (
    Influence as Influence,
)
from .workflows.sensitivity import (
    ValueOfInformation as ValueOfInformation,
)
from .workflows.sensitivity import (
    compare_priors as compare_priors,
)
from .workflows.sensitivity import (
    influence as influence,
)
from .workflows.sensitivity import (
    value_of_information as value_of_information,
)
