"""Comparison from the shell: models, prior sets and fits side by side, fitted where they are not
yet, and two files for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from headcount.cli.commands.output_files import make_ready, replacing
from headcount.cli.commands.study_input import MODEL_SUFFIX, read_fit, read_study
from headcount.errors import HeadcountError

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit
    from headcount.study.study import Study
    from headcount.workflows.sensitivity import Comparison

__all__ = ["run_comparison"]

BASE: Final = "base"
FEWEST: Final = 2
NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_+-]+")
"""What a name of a set cannot hold, since it names a file."""


def run_comparison(
    first: Path,
    others: Sequence[Path],
    folder: Path,
    *,
    prior_sets: Sequence[str] | None,
    data: Path | None,
    prob: float,
    **fitting: Any,  # noqa: ANN401 - as `headcount.workflows.sensitivity.fit_studies` takes them
) -> Comparison:
    """Fit what is not fitted, compare, write page and tables, and say what was found.

    Parameters
    ----------
    first
        Model whose prior sets are compared, or a fit; the reference.
    others
        More models, under their base priors, and fits.
    folder
        Where everything is written.
    prior_sets
        Of the first model, the reference first; all of them if ``None``.
    data
        Observations table of all models; each has its own if ``None``.
    prob
        Probability inside the intervals.
    **fitting
        ``seed``, ``chains``, ``draws``, ``tune``, ``processes``, ``dask`` and ``progress``.

    Returns
    -------
    Comparison
        What was found.

    Raises
    ------
    HeadcountError
        Where there is nothing to compare, or a study, a prior set or a fit cannot be used; before
        anything is fitted.
    """
    page, table = folder / "comparison.html", folder / "comparison.csv"
    for path in (page, table):
        make_ready(path)
    sides = _named(_sides([first, *others], prior_sets, data))
    if len(sides) < FEWEST:
        advice = "Name several prior sets, write [prior_sets.NAME] into it, or give another model or fit beside it."
        msg = f"{first}: one side is no comparison. {advice}"
        raise HeadcountError(msg)
    fits = _fitted(sides, folder / "fits", **fitting)
    from headcount.reporting.comparison_page import write_comparison
    from headcount.workflows.sensitivity import compare_priors

    found = compare_priors(fits, prob=prob)
    with replacing(page) as partial:
        write_comparison(found, partial)
    written = found.write_csv(table)
    print(found.verdict, *found.sentences.values(), sep="\n")
    print(f"wrote {page}\nwrote {table} and {len(written) - 1} tables beside it")
    return found


def _sides(
    paths: Sequence[Path], prior_sets: Sequence[str] | None, data: Path | None
) -> Iterator[tuple[str, Study | Fit]]:
    """Yield everything that is compared under the name that it would like to have."""
    for place, path in enumerate(paths):
        if path.suffix != MODEL_SUFFIX:
            yield path.stem, read_fit(path)
        elif place == 0:
            yield from _under_sets(read_study(path, data=data, prior_set=BASE), prior_sets)
        else:
            yield path.stem, read_study(path, data=data, prior_set=BASE)


def _under_sets(study: Study, names: Sequence[str] | None) -> Iterator[tuple[str, Study]]:
    from headcount.workflows.sensitivity import under_prior_sets

    chosen = study.spec.prior_set_names if names is None else names
    for name, spec in under_prior_sets(study.spec, chosen).items():
        yield name, study.variant(spec=spec)


def _named(sides: Iterable[tuple[str, Study | Fit]]) -> dict[str, Study | Fit]:
    """Give each side a name of its own, fit for a file."""
    found: dict[str, Study | Fit] = {}
    for wanted, side in sides:
        plain = NOT_IN_NAMES.sub("-", wanted) or "fit"
        name, number = plain, 1
        while name in found:
            number += 1
            name = f"{plain}-{number}"
        found[name] = side
    return found


def _fitted(sides: dict[str, Study | Fit], folder: Path, **fitting: Any) -> dict[str, Fit]:  # noqa: ANN401 - as above
    from headcount.posterior.fits import Fit
    from headcount.workflows.sensitivity import fit_studies

    studies = {name: side for name, side in sides.items() if not isinstance(side, Fit)}
    made = fit_studies(studies, folder, **fitting) if studies else {}
    return {name: side if isinstance(side, Fit) else made[name] for name, side in sides.items()}
