"""What runs inside a job's worker processes: started as a program there, never imported by the sandbox."""
