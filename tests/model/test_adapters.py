"""Undocumented interfaces stand in adapters, and documented ones take their place."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from llvmlite import binding, ir
from tests.studies import study

import headcount as hc
from headcount.engine.coordinates.construction import first_coordinates
from headcount.engine.coordinates.sampled_density import Coordinates
from headcount.engine.density.study_arrays import arrays_of
from headcount.engine.numba_support import code_cache, numba_adapter
from headcount.engine.numba_support.llvm_adapter import POINTER, element, pointer_at
from headcount.inference import nutpie_adapter
from headcount.inference.sampling import Run, sample

SOURCE = Path(hc.__file__).parent
ADAPTERS = {"numba_adapter.py", "nutpie_adapter.py"}
LIBRARIES = ("numba", "llvmlite", "nutpie")
DOCUMENTED = {
    "numba": {"carray", "float64", "typeof", "types"},
    "numba.extending": {
        *("NativeValue", "intrinsic", "lower_builtin", "models", "overload_attribute"),
        *("register_jitable", "register_model", "type_callable", "typeof_impl", "unbox"),
    },
    # The example of Numba's documentation on new types imports it, and calls `_getvalue`.
    "numba.core": {"cgutils"},
    "llvmlite": {"ir"},
    "nutpie": {"sample"},
}
GROUPS = ("cache", "calls", "fields", "vectors", "sampler")

FIT = """
import hashlib, sys, headcount as hc
study = hc.Study(hc.read_spec(sys.argv[1]), hc.read_observations(sys.argv[2]))
fit = hc.fit(study, seed=1, sampler=hc.Sampler(chains=2, draws=20, tune=20), progress=False)
print(hashlib.sha256(fit.tree["unconstrained_posterior"]["free"].values.tobytes()).hexdigest())
"""


def imported_names(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def private_attributes(tree):
    for node in ast.walk(tree):
        own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if isinstance(node, ast.Attribute) and not (own and node.value.id in ("self", "cls")):
            yield node.attr


def undocumented_names(path):
    """Return the names of the compilers in a file that no documentation promises."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    theirs = [
        (module, name)
        for module, name in imported_names(tree)
        if module.partition(".")[0] in LIBRARIES
    ]
    found = {name for module, name in theirs if name not in {"", *DOCUMENTED.get(module, ())}}
    if theirs:
        private = {name for name in private_attributes(tree) if name.startswith("_")}
        found |= {name for name in private if not name.startswith("__")} - {"_getvalue", "_fields"}
    return found


def test_only_adapters_use_undocumented_names():
    found = {path.name: undocumented_names(path) for path in SOURCE.rglob("*.py")}
    assert {name for name, names in found.items() if names} == ADAPTERS


def fit_toy(root, cache, group):
    toy = (root / "models" / "toy.toml", root / "data" / "toy" / "observations.csv")
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", FIT, *map(str, toy)],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache), "HEADCOUNT_DOCUMENTED_ONLY": group},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.fit
@pytest.mark.parametrize(
    "group", ["all", *(pytest.param(group, marks=pytest.mark.slow) for group in GROUPS)]
)
def test_documented_interfaces_give_the_same_draws(root, tmp_path, group):
    # Numba's own cache does not know by which interfaces its code was compiled.
    usual = fit_toy(root, os.environ.get("NUMBA_CACHE_DIR", tmp_path / "usual"), "")
    assert fit_toy(root, tmp_path / "documented", group) == usual


@pytest.mark.parametrize("missing", [NameError, AttributeError, TypeError])
def test_a_group_is_off_where_a_name_is_missing(missing):
    def names():
        raise missing

    assert not numba_adapter._has("cache", names)
    assert not numba_adapter._has("fields", lambda: (True, False))
    assert numba_adapter._has("fields", lambda: (True, True))


def test_a_group_is_off_where_it_is_named(monkeypatch):
    monkeypatch.setenv("HEADCOUNT_DOCUMENTED_ONLY", "calls,fields")
    assert [numba_adapter._has(group, lambda: (True,)) for group in ("cache", "calls")] == [
        True,
        False,
    ]


@pytest.fixture(scope="module")
def walk():
    return first_coordinates(arrays_of(study("walk").layout))


def test_nutpie_by_python_gives_the_same_draws(walk, monkeypatch):
    assert nutpie_adapter.HAS_C_MODEL
    run = Run(2, 50, 50)
    usual = sample(walk, run, seed=1, cores=2, progress=False)
    monkeypatch.setattr(nutpie_adapter, "HAS_C_MODEL", False)
    other = sample(walk, run, seed=1, cores=2, progress=False)
    np.testing.assert_array_equal(other.free, usual.free)
    np.testing.assert_array_equal(other.stats["n_steps"], usual.stats["n_steps"])


def test_nutpie_by_python_turns_back_where_the_density_is_no_number(walk, monkeypatch):
    def normal_below_one(_, y):
        return (-0.5 * y @ y if y[0] < 1 else np.nan), -y

    monkeypatch.setattr(nutpie_adapter, "HAS_C_MODEL", False)
    monkeypatch.setattr(Coordinates, "log_density", normal_below_one)
    monkeypatch.setattr(Coordinates, "free", lambda _, y: y.copy())
    found = sample(walk, Run(2, 200, 100), seed=1, cores=2, progress=False)
    assert found.free[..., 0].max() < 1 < found.free[..., 1].max()
    assert found.stats["diverging"].sum() > 0


def test_nutpies_class_with_other_fields_is_not_used(monkeypatch):
    @dataclass(frozen=True, kw_only=True)
    class OneMore(nutpie_adapter.CompiledPyMCModel):
        essential: int

    @dataclass
    class OneLess:
        compiled_logp_func: object

    assert nutpie_adapter._has_c_model()
    for other in (OneMore, OneLess, object):
        monkeypatch.setattr(nutpie_adapter, "CompiledPyMCModel", other)
        assert not nutpie_adapter._has_c_model()
    monkeypatch.delattr(nutpie_adapter, "CompiledPyMCModel")
    assert not nutpie_adapter._has_c_model()


@pytest.mark.parametrize(
    "pointer", [POINTER, ir.DoubleType().as_pointer()], ids=["opaque", "typed"]
)
def test_memory_is_read_and_written_with_either_kind_of_pointer(pointer):
    vector, word = ir.VectorType(ir.DoubleType(), 4), ir.IntType(64)
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [pointer, word]), "twice")
    builder = ir.IRBuilder(function.append_basic_block())
    for start in (function.args[0], pointer_at(builder, function.args[1])):
        place = element(builder, start, vector, word(1))
        value = builder.load(place, align=8, typ=vector)
        builder.store(builder.fadd(value, value), place, align=8)
    builder.ret_void()
    binding.parse_assembly(str(module)).verify()


def test_without_a_home_nothing_is_written(monkeypatch, tmp_path):
    def homeless():
        msg = "Could not determine home directory."
        raise RuntimeError(msg)

    writable_folder = code_cache.writable_folder.__wrapped__
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert writable_folder() is None
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    assert writable_folder() is None
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert writable_folder().parent == tmp_path


class Code:
    """Compiled code of a function, as far as a cache asks for it."""

    codegen = numba_adapter.cpu_target.target_context.codegen()

    def _reduce(self):
        return ("code",)


def cached(folder, stamp):
    return numba_adapter.CachedCode(study, [folder], folder, stamp)


def test_code_of_other_sources_is_replaced_and_never_opened(tmp_path):
    older, newer = cached(tmp_path, "older"), cached(tmp_path, "newer")
    older.save_overload((), Code())
    assert older.holds(())
    assert not newer.holds(())
    for file in tmp_path.iterdir():
        file.write_bytes(b"not a pickle")
    assert not newer.holds(())
    newer.save_overload((), Code())
    assert newer.holds(())
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_does_not_stop_a_fit(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(numba_adapter.IndexDataCacheFile, "save", full)
    cache = cached(tmp_path, "stamp")
    cache.save_overload((), Code())
    assert not cache.holds(())
