"""The coordinates that are sampled, chosen for each study; may import the three other rooms of the
engine.
"""
