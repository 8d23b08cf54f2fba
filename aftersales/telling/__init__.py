"""What people are told, by which channel, and what they agreed to be told."""
