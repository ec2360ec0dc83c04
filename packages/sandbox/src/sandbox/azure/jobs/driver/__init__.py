"""The program inside a job's worker processes; of it, the sandbox imports the name of a variable."""
