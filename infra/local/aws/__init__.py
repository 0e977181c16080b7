"""The embedded AWS: ministack in our own process, extended at its seams.

`server` runs it, `deploy` puts the shipped template on it, `pipes` moves messages, `apis` tells the gateway what was
deployed, `iam` decides who may do what. `patches` is the only module that replaces upstream functions.
"""
