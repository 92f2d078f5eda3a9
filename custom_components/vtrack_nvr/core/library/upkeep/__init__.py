"""What acts on rows and files by itself: checks, retention, room, moves, salvage."""
