"""Facets: how the hits of a text spread over brands, part types, qualities and stock."""
