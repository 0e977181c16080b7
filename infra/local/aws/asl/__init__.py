"""Amazon States Language, JSONPath flavour: paths, intrinsic functions, choice rules and the interpreter.

ministack's own interpreter is shallow (a missing path gives null, jitter and timeouts are ignored, ...). Mending it
would take some twenty patches to private functions; this package stands in for one, `_run_execution`.
"""
