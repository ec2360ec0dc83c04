"""Batch jobs: what a job is asked to do, what it reports, and the runner that does it."""
