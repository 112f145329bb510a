"""The canvas of all figures: colours, style, and SVG text that is the same on any machine."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas

__all__ = ["AHEAD", "FAINT", "INK", "INNER", "LINE", "OUTER", "canvas"]

INK: Final = "#1c2b33"
FAINT: Final = "#8a969c"
LINE: Final = "#12486b"
INNER: Final = "#7fa6c2"
OUTER: Final = "#cfdfea"
AHEAD: Final = "#f3efe6"
"""Colours: text, axes, median, 50 % band, outer band, ground of forecast years.

They stay apart in grey print.
"""

STYLE: Final[dict[str, Any]] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.axisbelow": True,
    "grid.color": "#e3e8ea",
    "grid.linewidth": 0.8,
    "figure.constrained_layout.h_pad": 0.09,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
}


@contextmanager
def canvas(salt: str, width: float, height: float) -> Iterator[tuple[Canvas, Callable[[], str]]]:
    """Give an empty canvas in our style, and a function that returns its SVG text.

    Parameters
    ----------
    salt
        Distinguishes the identifiers of this figure from those of others on the page.
    width, height
        Size in inches.

    Yields
    ------
    Figure
        Matplotlib's figure.
    callable
        Returns the ``svg`` element once the block is left.
    """
    text = io.StringIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        style: Any = STYLE | {"svg.hashsalt": salt}
        mpl.rcParams.update(style)
        drawn = Canvas(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(drawn)
        yield drawn, lambda: _inline(text.getvalue())
        # Without metadata: the library's name and the date would differ from one machine to the
        # next.
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        drawn.savefig(text, format="svg", metadata=nothing, transparent=True)


def _inline(svg: str) -> str:
    """Return the ``svg`` element without the declaration, the metadata and the names of groups.

    A file of its own needs the first two; names of groups would occur twice on a page.
    """
    body = svg[svg.index("<svg") :].rstrip()
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    head, rest = body.split(">", maxsplit=1)
    # Sizes come from the viewBox, so that the page can scale the figure.
    return re.sub(r' (width|height)="[^"]*"', "", head) + ">" + rest
