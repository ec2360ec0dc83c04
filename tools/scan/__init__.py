"""The sandbox's deployments, graded by somebody else's rules: checkov on the exported ARM template (docs/scan.md)."""
