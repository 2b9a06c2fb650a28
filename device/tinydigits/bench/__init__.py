"""What a small vision model costs on this machine, from camera frame to decision."""
