"""Who may do what: role definitions, role assignments, and their evaluation as Azure does it.

``roles`` is the shape of a definition, ``built_in`` has Azure's own as data, ``actions`` says what a route needs,
``conditions`` reads the conditions of assignments, ``evaluation`` decides, ``bootstrap`` is what an administrator did
before any program has run. Source of the rules: https://learn.microsoft.com/azure/role-based-access-control/overview.
"""
