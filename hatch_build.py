"""Compilation of the engine when headcount is installed from source, so that no first fit waits.

Compiled code fits one processor and one version of Numba. Where it does not fit, or is missing, the
engine compiles on the first fit. So a failure here is a warning and does not stop the installation.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EngineHook(BuildHookInterface):
    """Fill the engine's folder of compiled code before the package is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's interface
        """Compile, and add the files to the package."""
        source = Path(self.root, "src")
        installed = source / "headcount" / "engine" / "machine_code"
        # pip passes the build's requirements by this variable.
        path = os.pathsep.join([str(source), *filter(None, [os.environ.get("PYTHONPATH")])])
        with tempfile.TemporaryDirectory() as cache:
            done = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "from headcount.engine.precompile import compile_ahead; compile_ahead()",
                ],
                env=os.environ | {"PYTHONPATH": path, "NUMBA_CACHE_DIR": cache},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            files = [file for file in Path(cache).rglob("*") if file.suffix in {".nbi", ".nbc"}]
            if done.returncode != 0:
                self.app.display_warning(
                    f"headcount's engine will compile on the first fit:\n{done.stdout}"
                )
            elif files:
                # Without new files, the folder holds all code already.
                shutil.rmtree(installed, ignore_errors=True)
                installed.mkdir()
                for file in files:
                    shutil.copyfile(file, installed / file.name)
        if installed.is_dir():
            build_data["artifacts"].append("/src/headcount/engine/machine_code/")
            build_data["pure_python"], build_data["infer_tag"] = False, True
