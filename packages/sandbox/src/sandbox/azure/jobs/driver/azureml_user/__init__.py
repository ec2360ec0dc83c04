"""The package that scoring scripts find beside the driver."""
