"""The server's log: ``server.log``, and one older file beside it."""

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

MOST_BYTES = 8 << 20
"""The size at which a new file begins; both together have twice as many bytes."""


class _Log(RotatingFileHandler):
    """What is printed past the logging, such as a traceback at the end, goes to the same file."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, maybe into a new file."""
        before = self.stream
        super().emit(record)
        if self.stream is not None and self.stream is not before:
            for descriptor in (1, 2):
                os.dup2(self.stream.fileno(), descriptor)


def begin(file: Path, most_bytes: int = MOST_BYTES) -> None:
    """Send all logging of this process to a file."""
    logging.raiseExceptions = False  # a full disk must not stop the server
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    handler = _Log(file, maxBytes=most_bytes, backupCount=1, encoding="utf-8")
    logging.basicConfig(
        level=logging.INFO, handlers=[handler], format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
