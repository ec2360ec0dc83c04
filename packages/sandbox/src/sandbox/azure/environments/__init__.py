"""The Python environments of jobs: what a conda file asks for, and where on this machine it is found or built."""
