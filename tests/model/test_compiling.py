"""What is compiled, in which process, and that vector instructions do not change results from run to run."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from numba import njit
from tests.studies import study

from headcount._machine import own_cores
from headcount.engine import beside
from headcount.engine.arrays import assemble
from headcount.engine.beside import signatures
from headcount.engine.density import evaluate, evaluate_reach, log_likelihood
from headcount.engine.geometry import first_geometry
from headcount.engine.vectors import add, dot

FIRST_FIT = """
import sys, headcount as hc
from headcount.engine import beside, density, recentred, whitening
from headcount.engine.arrays import assemble
from headcount.engine.geometry import first_geometry
from headcount.layout import Layout
spec = hc.read_spec(sys.argv[1])
observations = hc.read_observations(sys.argv[2])
arrays = assemble(Layout.of(spec, observations))
geometry = first_geometry(arrays)
geometry.log_density(arrays.middle * 0)
there = (recentred.to_pathwise, recentred.from_pathwise, whitening.to_recentred, whitening.from_recentred)
print(sum(sum(one.stats.cache_hits.values()) for one in there), sum(sum(one.stats.cache_misses.values()) for one in there))
print(sum(density.log_density_and_gradient.stats.cache_misses.values()))
print(beside._compiles(arrays))
"""


def test_what_is_compiled_beside_is_what_is_called():
    arrays = assemble(study("rich").layout)
    geometry = first_geometry(arrays)
    y = np.zeros(geometry.size)
    geometry.log_density(y)
    for function in (evaluate, evaluate_reach, log_likelihood):
        function(geometry.free(y)[None, :].copy(), arrays)
    for function, types in signatures(arrays):
        assert types in function.signatures, function.__name__


@pytest.mark.skipif(own_cores() < 2, reason="on one core nothing is compiled beside")
def test_on_a_first_fit_another_process_compiles_half(root, tmp_path):
    toy = (root / "models" / "toy.toml", root / "data" / "toy" / "observations.csv")
    found = subprocess.run(
        [sys.executable, "-c", FIRST_FIT, *map(str, toy)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == ["4", "0", "1", "False"]


def test_where_no_other_process_may_run_all_is_compiled_here(monkeypatch):
    def forbidden(*_, **__):
        raise PermissionError

    monkeypatch.setattr(beside, "own_cores", lambda: 2)
    monkeypatch.setattr(beside, "_compiles", lambda _: True)
    monkeypatch.setattr(subprocess, "Popen", forbidden)
    arrays = assemble(study("walk").layout)
    geometry = first_geometry(arrays)
    assert np.isfinite(geometry.log_density(np.zeros(geometry.size))[0])


def test_sums_do_not_hang_on_where_numbers_lie():
    @njit
    def both(a, b, target):
        add(target, 0.3, a)
        return dot(a, b)

    rng = np.random.default_rng(4)
    for size in (0, 1, 3, 17, 31, 100):
        a, b, start = rng.standard_normal((3, size))
        results = set()
        for shift in range(8):
            memory = [np.zeros(size + 16) for _ in range(3)]
            placed = [own[shift + i : shift + i + size] for i, own in enumerate(memory)]
            for own, values in zip(placed, (a, b, start), strict=True):
                own[:] = values
            results.add((both(*placed), placed[2].tobytes()))
        assert len(results) == 1
        [(total, added)] = results
        assert total == pytest.approx(a @ b, abs=1e-12)
        np.testing.assert_allclose(np.frombuffer(added), start + 0.3 * a, rtol=1e-14)
