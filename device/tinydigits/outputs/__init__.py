"""Where readings go beside standard output: each in a thread of its own, none in the loop's way."""
