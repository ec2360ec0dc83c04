"""The sandbox's edge: the CONNECT proxy, certificates, the TLS side of every emulated host, and the control API."""
