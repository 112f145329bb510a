"""What compiled code alone calls, kept as it is for its callers.

Numba optimises each function and turns it into machine code before it is linked into another one,
where both happens again. For functions that have no other use this is a quarter of all compiling.
`KeptCompiler` leaves it out: Numba's own pipeline, with a library that is only ever linked into
others.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering

__all__ = ["KeptCompiler"]


class _Nowhere:
    """Where a function without machine code finds no environment to set."""

    def set_env(self, name: str, environment: object) -> None:
        """Leave it."""


class _Kept(JITCodeLibrary):
    def _optimize_functions(self, module: Any) -> None:  # noqa: ANN401 - llvmlite is not typed
        module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        """Leave it to those who call the function."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:  # noqa: ARG002 - Numba's interface
        """Return nought: there is no machine code."""
        return 0

    @property
    def codegen(self) -> _Nowhere:
        """Nothing that could set an environment."""
        return _Nowhere()


@register_pass(mutates_CFG=True, analysis_only=False)
class _KeptLowering(NativeLowering):
    _name = "kept_lowering"

    def run_pass(self, state: Any) -> bool:  # noqa: ANN401 - Numba is not typed
        state.library = _Kept(state.targetctx.codegen(), state.func_id.func_qualname)
        done: bool = super().run_pass(state)
        return done


class KeptCompiler(CompilerBase):
    """Numba's compiler, for functions that are linked into others only; they cannot be cached, nor
    called from Python.
    """

    def define_pipelines(self) -> list[Any]:
        """Put the lowering without machine code in the place of the usual one."""
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.passes = [
            (_KeptLowering if step is NativeLowering else step, words)
            for step, words in manager.passes
        ]
        manager.finalize()
        return [manager]
