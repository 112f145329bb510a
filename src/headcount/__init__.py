"""headcount: how many are there, when nobody can count?"""

from headcount.areas import Area, Areas, parse_areas, read_areas
from headcount.covariates import Covariates, parse_covariates, read_covariates
from headcount.observations import Observation, Observations, parse_observations, read_observations
from headcount.priors import Prior
from headcount.spec_files import parse_spec, read_spec, with_prior, with_prior_set
from headcount.specs import ModelSpec
