"""What trips show: one file per subsystem, each one compiled pass over the columns of `Held` that gives a table."""
