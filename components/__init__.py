"""The resources in Azure: workspace, cluster, endpoints, and the release marker of each endpoint.

Owns everything that can be declared. The models, deployments and default of an endpoint belong to the release: see
`components.release`. Nothing here reads configuration: `settings` does, and passes plain values down.
"""
