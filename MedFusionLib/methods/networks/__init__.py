"""The published fusion networks, one file each."""
