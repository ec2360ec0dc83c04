"""Tests of toolchain/: the installer with stand-ins for the network and Go, the language host with the real engine."""
