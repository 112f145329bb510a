"""Simulated studies as files: true quantities drawn from the priors, and rows that state them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headcount.cli.commands.input_files import observations_file, read_study
from headcount.cli.commands.output_files import make_ready, replacing
from headcount.cli.options import ModelInputs
from headcount.errors import HeadcountError

if TYPE_CHECKING:
    import xarray as xr

    from headcount.study.study import Study

__all__ = ["run_simulation", "write_simulation"]


def run_simulation(model: Path, out: Path, seed: int, inputs: ModelInputs) -> None:
    """Simulate a study, write its files and print their names.

    Parameters
    ----------
    model
        TOML file of the study.
    out
        Folder, or a file ending in ``.csv``.
    seed
        Seed of everything random.
    inputs
        Options of the command.
    """
    study = read_study(model, inputs)
    own = inputs.data or observations_file(model)
    observations, truth = write_simulation(study, out, seed=seed, own=own)
    print(f"wrote {observations}\nwrote {truth}")
    fitted = f"headcount fit {model} --data {observations} --seed {seed}"
    print(f"next: {fitted} --out {model.stem}_simulated.nc")


def write_simulation(study: Study, out: Path, *, seed: int, own: Path | None) -> tuple[Path, Path]:
    """Simulate a study, and write its rows and the truth.

    Parameters
    ----------
    study
        A study.
    out
        Folder, or a file ending in ``.csv``.
    seed
        Seed of everything random.
    own
        Observations of the study, which are never replaced.

    Returns
    -------
    tuple of Path
        The observations, and the truth as rows of variable, scope, source, region, year and value.

    Raises
    ------
    HeadcountError
        If the files would replace the observations of the study, or cannot be written.
    """
    observations, truth = _targets(out)
    if own is not None and own.resolve() in (observations.resolve(), truth.resolve()):
        msg = (
            f"{own}: is the study's own, not to be replaced by a simulation. Choose another --out."
        )
        raise HeadcountError(msg)
    for path in (observations, truth):
        make_ready(path)
    from headcount.simulation import simulate

    simulation = simulate(study, seed=seed)
    with replacing(truth) as partial:
        partial.write_text(truth_csv(simulation.truth), encoding="utf-8")
    with replacing(observations) as partial:
        partial.write_text(simulation.observations.to_csv(), encoding="utf-8")
    return observations, truth


def truth_csv(truth: xr.Dataset) -> str:
    """Return simulated true quantities as tidy CSV text.

    Parameters
    ----------
    truth
        Variables with any of the dims scope, source, region, year and step.

    Returns
    -------
    str
        A row for each value that is not missing; a step is labelled by the year in which it ends.
    """
    from headcount.study.text_tables import write_table

    columns = ("variable", "scope", "source", "region", "year", "value")
    rows: list[dict[str, object]] = []
    for name, array in truth.data_vars.items():
        stacked = array.stack(cell=array.dims).dropna("cell")
        for labels, value in zip(stacked["cell"].to_index(), stacked.values, strict=True):
            cells: dict[str, object] = dict(zip(map(str, array.dims), labels, strict=True))
            year = cells.pop("step", cells.get("year"))
            rows.append(cells | {"variable": name, "year": year, "value": float(value)})
    return write_table(rows, columns)


def _targets(out: Path) -> tuple[Path, Path]:
    if out.suffix == ".csv" and not out.is_dir():
        return out, out.with_name(f"{out.stem}_truth.csv")
    return out / "observations.csv", out / "truth.csv"
