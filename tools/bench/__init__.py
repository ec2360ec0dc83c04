"""The project's overhead, compared with doing the same without it (`make bench`)."""
