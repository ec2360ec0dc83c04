"""modelops with the real SDKs against the sandbox; the engine's hook with workers that only pretend."""
