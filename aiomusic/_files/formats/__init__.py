"""What the bytes of each kind of music tell: how long it plays, whether it is cut."""
