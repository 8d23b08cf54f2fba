"""The history of the schema: one revision per step, never edited after its release."""
