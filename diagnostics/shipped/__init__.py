"""The predictor files that `forecourt train` wrote; data only."""
