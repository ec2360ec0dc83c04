"""Run checkov's rules on the sandbox's deployments, exported as an ARM template (docs/scan.md)."""
