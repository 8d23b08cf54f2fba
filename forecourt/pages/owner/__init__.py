"""An owner's pages: his cars, booking, his visits, and his repair as it happens; and the link that needs no account."""
