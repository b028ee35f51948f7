"""Classical fusion methods, the yardsticks, one file each."""
