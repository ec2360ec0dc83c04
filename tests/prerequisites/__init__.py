"""Tests of prerequisites/: a set-up that is right, with one thing wrong."""
