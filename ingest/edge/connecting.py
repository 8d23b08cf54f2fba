"""From a port to an adapter: python-OBD first, our own dialogue where it refuses what a plain dialogue could use."""

import structlog

from ingest.edge.adapter import Adapter, Stopping
from ingest.edge.dialogue import Dialogue
from ingest.edge.python_obd import AdapterRefused, PythonObd

PATIENCE_S = 10.0  # an adapter that searches the protocol says nothing for that long
log = structlog.get_logger()


def connect(
    port: str, baud: int | None = None, patience_s: float = PATIENCE_S, stopping: Stopping = lambda: False
) -> Adapter:
    """Connect to the adapter at a device, a pty or `socket://HOST:PORT`; raises `AdapterGone` or `AdapterSilent`."""
    adapter: Adapter
    try:
        adapter = PythonObd.open(port, baud, patience_s, stopping)
    except AdapterRefused as refused:
        log.info("edge.python_obd_refused", reason=str(refused))
        adapter = Dialogue.open(port, baud, patience_s, stopping)
    log.info("edge.adapter_connected", port=port, by=adapter.name)
    return adapter
