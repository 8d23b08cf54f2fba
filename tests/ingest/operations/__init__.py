"""Ingest as those see it who run it: figures, health, logs and the description of its topics."""
