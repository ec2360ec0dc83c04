"""Batch jobs: a job's request, its records, and the runner."""
