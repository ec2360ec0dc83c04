"""Pipeline component deployments and pipeline jobs: from a specification to what the runner gets."""
