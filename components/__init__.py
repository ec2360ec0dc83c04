"""The resources that Azure must hold: workspace, cluster, endpoints and the release marker of each endpoint.

Owns everything that can be declared. What an endpoint *serves* (models, deployments, the default) belongs to the
release, see `components.release`. Nothing here reads configuration: `settings` does, and passes plain values down.
"""
