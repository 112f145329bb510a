"""One contestant's run in a process of its own, which `benchmarks/race.py` starts.

    python -m benchmarks.racing.run NAME ...

Nothing is imported here that a contestant would not need, so that the seconds of importing are its
own.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from benchmarks.racing.handing import Job, hand_over

MODULES = {
    "headcount": "with_headcount",
    "pymc": "with_pymc",
    "pymc-nuts": "with_pymc",
    "pymc-nutpie": "with_nutpie",
    "numpyro": "with_numpyro",
    "stan": "with_stan",
    "tmb": "with_tmb",
}


def main() -> None:
    """Run one contestant and write what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=MODULES)
    for name in ("model", "data", "points", "folder"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("started", "limit"):
        parser.add_argument(f"--{name}", type=float, required=True)
    for name in ("seed", "chains", "draws", "tune"):
        parser.add_argument(f"--{name}", type=int, required=True)
    job = Job(**vars(parser.parse_args()))
    contestant = importlib.import_module(f"benchmarks.racing.{MODULES[job.name]}")
    hand_over(contestant.run(job), job.folder)


if __name__ == "__main__":
    main()
