"""What a ModelRelease is put together from."""
