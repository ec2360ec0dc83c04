"""Azure on this machine: the parts that the program, the release and the SDKs need; nothing leaves the machine."""

__version__ = "0.1.0"
