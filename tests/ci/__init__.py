"""Tests of ci/: comments against golden files, GitHub as a server of this machine."""
