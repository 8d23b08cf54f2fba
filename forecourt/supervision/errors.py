"""What can go wrong while starting or stopping something, as sentences for the person at the terminal.

SupervisionError
├── AlreadySupervisedError  another supervisor holds this data directory
├── StartError              a server or child did not become ready
├── UnreachableError        a running server does not talk to us (yet)
└── PortTakenError          a port that was asked for belongs to somebody else
"""


class SupervisionError(Exception):
    pass


class AlreadySupervisedError(SupervisionError):
    pass


class StartError(SupervisionError):
    pass


class UnreachableError(SupervisionError):
    pass


class PortTakenError(SupervisionError):
    pass
