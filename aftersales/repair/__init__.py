"""The repair: its order, lines and decisions, what is seen and done at the car, and how it is followed."""
