"""What pipelines run: previews as comments, rehearsals, deployments and drift checks. The workflows only call it."""
