"""The ReleasePlan as plain data, and the content identity of what it names."""
