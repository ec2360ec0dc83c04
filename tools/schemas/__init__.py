"""Generators of the schema files that the emulator and the stand-in provider check against."""
