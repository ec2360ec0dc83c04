"""Authorization: role definitions, role assignments, and their evaluation as in Azure.

``roles`` has the form of a definition, ``built_in`` Azure's own as data, ``actions`` the permission of a route,
``conditions`` reads the conditions of assignments, ``evaluation`` decides, ``bootstrap`` the initial set-up by an
administrator. Source of the rules: https://learn.microsoft.com/azure/role-based-access-control/overview.
"""
