"""One module (or package) for each emulated Azure service; each has ``register(world)``."""
