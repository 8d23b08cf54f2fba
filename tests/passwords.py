"""Passwords of the tests' people: to hash one takes long on purpose, and each is hashed once."""

from functools import cache

from foundation.passwords import hash_of

kept_of = cache(hash_of)
