"""Azure on this machine: what the program, the hook and the SDKs need of it, and nothing that leaves the machine."""

__version__ = "0.1.0"
