"""The ReleasePlan as plain data, and the content identity of its files."""
