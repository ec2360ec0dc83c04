"""What the project costs, measured against doing the same thing without it (`make bench`)."""
