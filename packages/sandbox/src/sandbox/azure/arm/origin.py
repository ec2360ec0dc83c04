"""Which resource of a program a PUT was for: the stand-in provider says it in headers that Azure would ignore."""

ORIGIN = "origin"
"""Kind of the store's documents that remember it: by resource id, ``urn``, ``random``, ``apiVersion``, ``sequence``."""

URN_HEADER = "x-sandbox-urn"
"""The resource's URN."""

RANDOM_NAME_HEADER = "x-sandbox-random-name"
"""``true`` when the name was made up: the next `up` then makes another resource instead of meeting this one."""
