"""Both ends of the pipe between Pulumi's hook and the release that a process of its own carries out."""
