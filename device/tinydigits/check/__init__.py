"""``tinydigits check``: is everything there that reading takes, and what is to be done if not."""
