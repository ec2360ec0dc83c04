"""Who may do what: role definitions, role assignments, and their evaluation as Azure does it.

``roles`` has the built-in definitions as data, ``actions`` says what a route needs, ``evaluation`` decides,
``bootstrap`` is what the sandbox's principals may do before any program has run. Source of the rules:
https://learn.microsoft.com/azure/role-based-access-control/overview.
"""
