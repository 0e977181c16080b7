"""Plans a day's digest: which moments it covers and which slices of the reports are read for it."""
