"""The program inside a job's worker processes; the sandbox never imports it."""
