"""A study: a spec and observations that fit together."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from headcount.errors import ArgumentError, HeadcountWarning, Problem
from headcount.study.observations import Observations
from headcount.study.specs import ModelSpec
from headcount.study.study_checks import check_study

__all__ = ["Study"]


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Study:
    """A spec and its observations, checked against each other once.

    All that is computed from a study alone, such as its index arrays, is kept with it. So make one
    where several functions are called: each of them takes a study in the place of a spec and
    observations.

    Parameters
    ----------
    spec
        The declaration; its ``prior_set`` names the priors in force.
    observations
        The rows. A figure that one source repeats from another enters once: where the original
        states it, the copy's row is excluded; where the original has no row, the row enters
        under the original's name.

    Raises
    ------
    StudyError
        With all problems: unknown sources, areas or scopes, years outside the model, rows that
        their source cannot state, copies with other numbers, no row to fit.

    Warns
    -----
    HeadcountWarning
        For sources without rows, and for statements that cannot both be right.

    Examples
    --------
    >>> import headcount as hc
    >>> study = hc.Study(
    ...     hc.read_spec("models/toy.toml"),
    ...     hc.read_observations("data/toy/observations.csv"),
    ... )
    >>> study.spec.target, len(study.observations.fitted)
    ('beekeeper', 18)
    """

    spec: ModelSpec
    observations: Observations

    # Written out, since a warning must point at the line that calls it, and the constructor that
    # `dataclass` writes has no file.
    def __init__(self, spec: ModelSpec, observations: Observations) -> None:
        object.__setattr__(self, "spec", spec)
        object.__setattr__(self, "observations", check_study(spec, observations))

    @classmethod
    def of(cls, study: Study | ModelSpec, observations: Observations | None = None) -> Study:
        """Return a study, from one or from a spec and its observations.

        Parameters
        ----------
        study
            A study, or a spec.
        observations
            The rows of the spec; ``None`` with a study.

        Returns
        -------
        Study
            The one given, or a new one.

        Raises
        ------
        ArgumentError
            Where a spec comes without rows, or a study with rows of its own.
        StudyError
            As for the class.
        """
        if isinstance(study, Study) and observations is None:
            return study
        if isinstance(study, ModelSpec) and isinstance(observations, Observations):
            return cls(study, observations)
        given = f"{type(study).__name__} and {type(observations).__name__}"
        advice = "Give a hc.Study alone, or a spec (hc.read_spec) and its hc.Observations."
        raise ArgumentError([Problem("study, observations", f"{given} are no study", advice)])

    def variant(
        self, *, spec: ModelSpec | None = None, observations: Observations | None = None
    ) -> Study:
        """Return a study with another spec or other rows, without repeating warnings.

        Parameters
        ----------
        spec
            The new declaration; this study's if ``None``.
        observations
            The new rows; this study's if ``None``.

        Returns
        -------
        Study
            Checked like this one.

        Raises
        ------
        StudyError
            As for the class.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HeadcountWarning)
            return Study(
                self.spec if spec is None else spec,
                self.observations if observations is None else observations,
            )

    @classmethod
    def without_checks(cls, spec: ModelSpec, observations: Observations) -> Study:
        """Return a study that was checked before, such as that of a saved fit.

        Parameters
        ----------
        spec, observations
            As a `Study` holds them.

        Returns
        -------
        Study
            Not checked again.
        """
        study = object.__new__(cls)
        object.__setattr__(study, "spec", spec)
        object.__setattr__(study, "observations", observations)
        return study

    def __repr__(self) -> str:
        """Return the question and the size of the study."""
        rows, sources = len(self.observations.fitted), len(self.observations.sources)
        areas, years = len(self.spec.areas.regions), self.spec.years
        return (
            f"<headcount.Study {self.spec.title!r}: {rows} rows from {sources} sources, "
            f"{areas} regions, {years.first} to {years.last}; priors: {self.spec.prior_set}>"
        )
