"""Webhooks: what happens is sent to the addresses that an organisation names, signed, in order, at least once.

    the event log ──collecting──▶ webhook_deliveries ──sending──▶ the receiver
                                        ▲                  │
                                        └── sooner or later ◀ not taken

`endpoints.py` are the addresses, `secret_changes.py` gives one a new secret, `collecting.py` lays down what each is to
get, `sending.py` sends it, `outcome.py` sees to what was answered, `courier.py` does all of it round after round,
`http.py` is the door.
"""
