"""What each use of an undocumented interface buys, against the documented one in its place.

Each variant runs in processes of its own, with an empty cache, and variants take turns, since other
work on a machine slows all of them. Figures are seconds of processor time, and ratios to the same
round's run with all interfaces: their median, and the least and the largest.

Run it as ``python -m benchmarks.interfaces --rounds 3``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

VARIANTS = ("", "cache", "calls", "fields", "vectors", "sampler")
"""What ``HEADCOUNT_DOCUMENTED_ONLY`` names."""

GRADIENTS, BATCHES = 1_000, 5


def measure(model: Path) -> dict[str, float]:
    """Compile, then evaluate and sample a study; return seconds."""
    import headcount as hc
    from headcount.engine.coordinates.construction import first_coordinates
    from headcount.engine.density.evaluation import evaluate, evaluate_reach, log_likelihood
    from headcount.engine.density.study_arrays import arrays_of
    from headcount.engine.precompile import compile_ahead
    from headcount.inference.sampling import Run, sample
    from headcount.layout.study_layout import layout_of

    spec = hc.read_spec(model)
    rows = hc.read_observations(model.parent / spec.data / "observations.csv")
    arrays = arrays_of(layout_of(hc.Study(spec, rows)))

    def everything() -> None:
        compile_ahead()
        coordinates = first_coordinates(arrays)
        coordinates.log_density(np.zeros(coordinates.size))
        for function in (evaluate, evaluate_reach, log_likelihood):
            function(np.zeros((1, coordinates.size)), arrays)

    # The second time nothing is compiled.
    seconds = {"compile": timed(everything) - timed(everything)}
    coordinates = first_coordinates(arrays)
    points = np.random.default_rng(1).standard_normal((GRADIENTS, coordinates.size))

    def gradients() -> None:
        for point in points:
            coordinates.log_density(point)

    def draws() -> None:
        sample(coordinates, Run(1, 200, 200), seed=1, cores=1, progress=False)

    gradients()
    seconds["gradients"] = min(timed(gradients) for _ in range(BATCHES))
    seconds["sampling"] = min(timed(draws) for _ in range(2))
    return seconds


def timed(work) -> float:
    """Return the processor time of a piece of work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def run(variant: str, model: Path) -> dict[str, float]:
    """Measure a variant in a new process, without code that was compiled before."""
    with tempfile.TemporaryDirectory() as cache:
        found = subprocess.run(
            [
                sys.executable,
                "-X",
                "cpu_count=1",
                "-m",
                "benchmarks.interfaces",
                "--measure",
                str(model),
            ],
            env=os.environ
            | {
                "HEADCOUNT_DOCUMENTED_ONLY": variant,
                "HEADCOUNT_MACHINE_CODE": cache,
                "NUMBA_CACHE_DIR": cache,
            },
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(found.stdout.splitlines()[-1])


def main() -> None:
    """Measure all variants in turns, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    from benchmarks.racing.studies import SIZES, write_study

    variants = arguments.variants.split(",")
    with tempfile.TemporaryDirectory() as folder:
        model = write_study(SIZES["medium"], Path(folder), seed=1)
        rounds = [{name: run(name, model) for name in variants} for _ in range(arguments.rounds)]
    for name in variants:
        for figure in ("compile", "gradients", "sampling"):
            seconds = [one[name][figure] for one in rounds]
            ratios = [one[name][figure] / one[variants[0]][figure] for one in rounds]
            print(
                f"{name or 'all interfaces':15} {figure:10} {statistics.median(seconds):6.2f} s"
                f"  x {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            )


if __name__ == "__main__":
    main()
