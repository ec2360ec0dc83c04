"""One module (or package) per emulated Azure service; each has ``register(world)``."""
