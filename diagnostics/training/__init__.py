"""Making the shipped predictor: labelled blocks in, files of `diagnostics/shipped` and an honest report out."""
