"""Who goes first while several processes want the processors; who has them to himself loses nothing by it."""

import os
from enum import IntEnum
from pathlib import Path

import structlog


class Turn(IntEnum):
    """Niceness beside that of who starts us: to Linux, `FIRST` weighs 3 times what is usual, and 87 times `LAST`."""

    FIRST = -5  # what readings pass through: broker and ingest
    LAST = 15  # what is done in the background


def take_turn(turn: Turn, pid: int | None = None) -> None:
    """Give a process (None: ourselves) its turn; one that we may not give is logged, and then it is as before.

    To go first takes a privilege (`CAP_SYS_NICE`).
    """
    whose = os.getpid() if pid is None else pid
    session = Path(f"/proc/{whose}/autogroup")
    try:
        # Linux may weigh sessions first, and niceness within each. One that is not its own has other processes.
        leads = os.getsid(whose) == whose
        niceness = os.getpriority(os.PRIO_PROCESS, 0) + turn
        os.setpriority(os.PRIO_PGRP if leads else os.PRIO_PROCESS, whose, niceness)
        if leads and session.exists():
            session.write_text(str(os.getpriority(os.PRIO_PROCESS, whose)))
    except OSError as refused:
        structlog.get_logger().info("turn_not_taken", turn=turn.name, pid=whose, kind=type(refused).__name__)
