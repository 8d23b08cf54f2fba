"""Workshops: what they can put to work and when, and how they fare."""
