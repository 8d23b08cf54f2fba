"""The workshop's pages: the technician's at the car, the desk's, and the manager's."""
