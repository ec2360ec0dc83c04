"""Releases models to endpoints: registers models, creates deployment revisions, moves the default, runs jobs.

Talks to Azure Machine Learning through its official SDK and never imports pulumi: the program starts it in worker
processes (`python -m modelops worker`), people and other programs start it as a command.
"""
