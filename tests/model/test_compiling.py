"""Which process compiles, and that SIMD instructions do not change results from run to run."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from numba import njit, typeof
from tests.studies import study

from headcount._machine import usable_cores
from headcount.engine import precompile
from headcount.engine.coordinates import map_signatures
from headcount.engine.coordinates.construction import first_coordinates
from headcount.engine.density import signatures
from headcount.engine.density.study_arrays import arrays_of
from headcount.engine.density.tails import expit
from headcount.engine.numba_support import code_cache
from headcount.engine.numba_support.compilation import Typed
from headcount.engine.numba_support.vector_ops import add, dot
from headcount.engine.precompile import FUNCTIONS

TOY = """
import sys, headcount as hc
spec = hc.read_spec(sys.argv[1])
observations = hc.read_observations(sys.argv[2])
"""

FIRST_COORDINATES = f"""
{TOY}
from headcount.engine.precompile import FUNCTIONS, compile_ahead
from headcount.engine.density.study_arrays import arrays_of
from headcount.engine.numba_support.compilation import Typed
from headcount.engine.coordinates.construction import first_coordinates
from headcount.layout.study_layout import Layout
compile_ahead()
first_coordinates(arrays_of(Layout.of(spec, observations)))
stats = [one.function.stats for one in FUNCTIONS if isinstance(one, Typed)]
complete = all(one.is_cached() for one in FUNCTIONS)
print(sum(sum(own.cache_misses.values()) for own in stats), complete)
"""

WHOLE_FIT = f"""
{TOY}
options = hc.Sampler(draws=20, tune=20)
fit = hc.fit(spec, observations, seed=1, sampler=options, progress=False)
hc.check(fit)
"""


def run_on_toy(root, code, cache, **environment):
    toy = (root / "models" / "toy.toml", root / "data" / "toy" / "observations.csv")
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, toy)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)} | environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_types_known_beforehand_are_those_of_any_study():
    for name in ("rich", "walk"):
        arrays = arrays_of(study(name).layout)
        coordinates = first_coordinates(arrays)
        assert typeof(arrays) == signatures.STUDY
        assert typeof(coordinates.noncentring) == map_signatures.NONCENTRING
        assert typeof(coordinates.whitening) == map_signatures.WHITENING


@pytest.mark.skipif(usable_cores() < 2, reason="on one core there is no other process")
def test_a_first_fit_has_another_process_compile_some_and_the_next_one_compiles_nothing(
    root, tmp_path
):
    bare = {"HEADCOUNT_MACHINE_CODE": str(tmp_path / "nothing")}
    compiled, complete = run_on_toy(root, FIRST_COORDINATES, tmp_path, **bare).split()
    assert 0 < int(compiled) < sum(isinstance(one, Typed) for one in FUNCTIONS)
    assert complete == "True"
    files = set(tmp_path.rglob("*.nbc"))
    run_on_toy(root, WHOLE_FIT, tmp_path, **bare)
    # Nothing that a fit and its checks call was left out.
    assert set(tmp_path.rglob("*.nbc")) == files
    assert run_on_toy(root, FIRST_COORDINATES, tmp_path, **bare).split() == ["0", "True"]


def test_where_no_other_process_may_run_all_is_compiled_here(monkeypatch):
    def forbidden(*_, **__):
        raise PermissionError

    compiled = []
    monkeypatch.setattr(precompile, "usable_cores", lambda: 2)
    monkeypatch.setattr(Typed, "is_cached", lambda _: False)
    monkeypatch.setattr(Typed, "prepare", lambda own: compiled.append(own))
    monkeypatch.setattr(subprocess, "Popen", forbidden)
    precompile.compile_ahead.__wrapped__()
    # Each is asked for once more, when all are loaded.
    assert compiled == 2 * [one for one in FUNCTIONS if isinstance(one, Typed)]


def test_machine_code_of_other_sources_is_not_taken(monkeypatch):
    assert FUNCTIONS[0].is_cached()
    monkeypatch.setattr(code_cache, "stamp", lambda: "of other sources")
    assert not FUNCTIONS[0].is_cached()


def test_python_may_call_what_is_compiled_into_callers():
    assert expit(0.0) == 0.5
    assert dot(np.arange(3.0), np.ones(3)) == 3.0


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
