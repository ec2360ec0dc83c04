"""``EntryScript``: what the service tells a scoring script about the process that it runs in.

Names and meaning: https://learn.microsoft.com/azure/machine-learning/v1/how-to-debug-parallel-run-step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import logging
    from typing import Self


class EntryScript:
    """One object for each process, however often it is made; the driver sets its attributes before ``init()``.

    ``logger`` writes to ``logs/user/entry_script_log/<node>/<process>.log.txt``; ``log_dir`` is its folder;
    ``output_dir`` is the job's output folder; ``working_dir`` is the process's own folder; ``agent_name`` is its name.
    """

    _instance: ClassVar[Any] = None

    logger: logging.Logger
    log_dir: str
    output_dir: str
    working_dir: str
    agent_name: str

    def __new__(cls) -> Self:
        """Return the one object."""
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        instance: Self = cls._instance
        return instance
