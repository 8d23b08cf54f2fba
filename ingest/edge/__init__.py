"""The car end: reads a car through an ELM327 adapter, decodes every byte by our own tables, and sends what it says."""
