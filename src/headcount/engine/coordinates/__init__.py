"""The coordinates in which a study is sampled; may import the three other rooms of the engine.

Four maps connect the sampled vector with the free vector of the model: whitening, partial
non-centring, growth deviations and the log baseline. `construction` chooses the first two for a
study, `sampled_density` evaluates the log density through all of them.
"""
