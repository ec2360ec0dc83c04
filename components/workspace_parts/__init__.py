"""The parts of an MlWorkspace."""
