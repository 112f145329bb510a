"""Comparisons from the shell: models, prior sets and fits, a page and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from headcount.cli.commands.fit_output import refuse_options_of_models
from headcount.cli.commands.input_files import read_fit, read_study
from headcount.cli.commands.output_files import make_ready, replacing
from headcount.cli.options import (
    DEFAULT_SEED,
    MODEL_SUFFIX,
    ComparedModels,
    ModelInputs,
    ShortSampler,
    WorkerOptions,
)
from headcount.errors import HeadcountError

if TYPE_CHECKING:
    from headcount.posterior.fits import Fit
    from headcount.study.study import Study

__all__ = ["run_comparison"]

COMPARISONS: Final = Path("reports")
FEWEST: Final = 2
NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_+-]+")
"""Characters that the name of a set cannot have, since it names a file."""


def run_comparison(
    paths: Sequence[Path],
    models: ComparedModels,
    out: Path | None,
    seed: int | None,
    prob: float,
    sampler: ShortSampler,
    batch: WorkerOptions,
) -> None:
    """Fit each side that is not fitted, compare all sides, write page and tables, and print both.

    Parameters
    ----------
    paths
        Model whose prior sets are compared, or a fit, the reference; then more models, under their
        base priors, and fits.
    models
        Prior sets of the first model, the reference first, and rows of all models.
    out
        Folder to write; one in the folder of reports if ``None``.
    seed
        Seed of every fit.
    prob
        Probability inside the intervals.
    sampler, batch
        Options of the command.

    Raises
    ------
    UsageError
        If an option of models is given without a model.
    HeadcountError
        If there is one side only, or a study, a prior set or a fit cannot be used; before anything
        is fitted.
    """
    _refuse_idle_options(paths, models, seed)
    folder = out or COMPARISONS / f"{paths[0].stem}-comparison"
    page, table = folder / "comparison.html", folder / "comparison.csv"
    for path in (page, table):
        make_ready(path)
    sides = _named(_sides(paths, models))
    if len(sides) < FEWEST:
        advice = (
            "Name several prior sets, write [prior_sets.NAME] into it, or give another model or "
            "fit beside it."
        )
        msg = f"{paths[0]}: one side is no comparison. {advice}"
        raise HeadcountError(msg)
    fits = _fitted(sides, folder / "fits", DEFAULT_SEED if seed is None else seed, sampler, batch)
    _write_comparison(fits, page, table, prob)


def _refuse_idle_options(paths: Sequence[Path], models: ComparedModels, seed: int | None) -> None:
    if paths[0].suffix != MODEL_SUFFIX:
        refuse_options_of_models(prior_sets=models.prior_sets)
    if all(path.suffix != MODEL_SUFFIX for path in paths):
        refuse_options_of_models(seed=seed, data=models.data)


def _write_comparison(fits: dict[str, Fit], page: Path, table: Path, prob: float) -> None:
    from headcount.reporting.comparison_page import write_comparison
    from headcount.workflows.sensitivity import compare_priors

    found = compare_priors(fits, prob=prob)
    with replacing(page) as partial:
        write_comparison(found, partial)
    written = found.write_csv(table)
    print(found.verdict, *found.sentences, sep="\n")
    print(f"wrote {page}\nwrote {table} and {len(written) - 1} tables beside it")


def _sides(paths: Sequence[Path], models: ComparedModels) -> Iterator[tuple[str, Study | Fit]]:
    """Yield each side of the comparison with the name that it has if no other one has it."""
    for place, path in enumerate(paths):
        if path.suffix != MODEL_SUFFIX:
            yield path.stem, read_fit(path)
            continue
        study = read_study(path, ModelInputs(models.data))
        if place == 0:
            yield from _under_sets(study, models.names)
        else:
            yield path.stem, study


def _under_sets(study: Study, names: Sequence[str] | None) -> Iterator[tuple[str, Study]]:
    from headcount.workflows.sensitivity import under_prior_sets

    chosen = study.spec.prior_set_names if names is None else names
    for name, spec in under_prior_sets(study.spec, chosen).items():
        yield name, study.variant(spec=spec)


def _named(sides: Iterable[tuple[str, Study | Fit]]) -> dict[str, Study | Fit]:
    """Give each side a name of its own that can name a file."""
    found: dict[str, Study | Fit] = {}
    for wanted, side in sides:
        plain = NOT_IN_NAMES.sub("-", wanted) or "fit"
        name, number = plain, 1
        while name in found:
            number += 1
            name = f"{plain}-{number}"
        found[name] = side
    return found


def _fitted(
    sides: dict[str, Study | Fit],
    folder: Path,
    seed: int,
    sampler: ShortSampler,
    batch: WorkerOptions,
) -> dict[str, Fit]:
    from headcount.inference import Sampler
    from headcount.posterior.fits import Fit
    from headcount.workflows.sensitivity import fit_studies

    studies = {name: side for name, side in sides.items() if not isinstance(side, Fit)}
    made = {}
    if studies:
        made = fit_studies(
            studies,
            seed=seed,
            sampler=Sampler(chains=sampler.chains, draws=sampler.draws, tune=sampler.tune),
            batch=batch.in_folder(folder),
        )
    return {name: side if isinstance(side, Fit) else made[name] for name, side in sides.items()}
