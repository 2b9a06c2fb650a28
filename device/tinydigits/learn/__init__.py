"""Learning from mistakes: pictures of doubtful digits, their labels, and recordings to replay."""
