"""Visits: free slots, holds, bookings and the waitlist, and what becomes of a visit that cannot be kept."""
