"""The report of a release: one HTML page that needs nothing else, for people who did not watch it."""
