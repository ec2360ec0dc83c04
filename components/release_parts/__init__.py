"""The parts of a ModelRelease."""
