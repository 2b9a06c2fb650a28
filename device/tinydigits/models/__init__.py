"""Models on a device: installed safely, tried before they stay, and taken back if they fail."""
