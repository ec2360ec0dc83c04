"""The try-out: before anybody is sent to a new revision, it has to score a small input by its name."""
