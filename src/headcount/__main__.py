"""``python -m headcount``: the same as ``headcount``."""

import sys

from headcount.cli import main

if __name__ == "__main__":
    sys.exit(main())
