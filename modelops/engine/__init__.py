"""The `pulumi` command as a child process: what it answers, what happens while it runs, and how that is shown."""
