"""headcount: how many are there, when nobody can count?

A Bayesian model of a population that many sources see partly and none sees whole. Start with
`read_spec`, `read_observations` and `fit`; ask `headcount`, `growth`, `share`, `ratio` and
`coverage`; judge with `check`; hand on with `report`.
"""

import lazy_loader

# Names are imported when first used, so that the shell answers at once; ``__init__.pyi`` lists
# them.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
