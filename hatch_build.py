"""What is done when headcount is installed from its source: the engine is compiled, so that no first fit waits for it.

Machine code is for one processor and one version of Numba. Where it does not fit, or could not be made, the engine compiles on
the first fit; so whatever goes wrong here is told and does not stop the installation.
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
    """Fill the engine's folder of machine code before the package is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's interface
        """Compile, and add what came out to the package."""
        source = Path(self.root, "src")
        installed = source / "headcount" / "engine" / "machine_code"
        # pip hands on by this variable what the build needs.
        path = os.pathsep.join([str(source), *filter(None, [os.environ.get("PYTHONPATH")])])
        with tempfile.TemporaryDirectory() as found:
            done = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "from headcount.engine.precompile import compile_ahead; compile_ahead()",
                ],
                env=os.environ | {"PYTHONPATH": path, "NUMBA_CACHE_DIR": found},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            files = [file for file in Path(found).rglob("*") if file.suffix in {".nbi", ".nbc"}]
            if done.returncode != 0:
                self.app.display_warning(
                    f"headcount's engine will compile on the first fit:\n{done.stdout}"
                )
            elif files:
                # Without files there is nothing that did not lie there already.
                shutil.rmtree(installed, ignore_errors=True)
                installed.mkdir()
                for file in files:
                    shutil.copyfile(file, installed / file.name)
        if installed.is_dir():
            build_data["artifacts"].append("/src/headcount/engine/machine_code/")
            build_data["pure_python"], build_data["infer_tag"] = False, True
