"""Receives bytes from the socket into a file, with their MD5, with only one piece in memory."""

import asyncio
import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.azure.arm import disk
from sandbox.azure.blobs.call import Call
from sandbox.azure.blobs.errors import BlobError, container_not_found

_PIECE = 1 << 20
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="blob-intake")


class Intake:
    """The body of a request, written to a new file that is removed unless ``keep`` is called.

    ``file`` and ``size`` are set after ``receive``. Nothing is left if the client disconnects.
    """

    def __init__(self, call: Call, most: int) -> None:
        self._call = call
        self._most = most
        self._kept = False
        self.file = Path()
        self.size = 0

    async def __aenter__(self) -> Self:
        try:
            self.file = self._call.store.new_file(self._call.account, self._call.container)
        except KeyError:
            raise container_not_found(self._call.container) from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._kept:
            self.file.unlink(missing_ok=True)

    def keep(self) -> None:
        """Keep the file, which is in use now."""
        self._kept = True

    async def receive(self) -> str:
        """Write the whole body and return its MD5 in base64.

        Raises:
            BlobError: 411 without a length, 413 if it is too large, 400 if ``Content-MD5`` differs.
            OSError: the disk is full.
        """
        length = self._call.request.content_length
        if length is None:
            raise BlobError(411, "MissingContentLengthHeader", "The Content-Length header was not specified.")
        if length > self._most:
            text = "The request body is too large and exceeds the maximum permissible limit"
            raise BlobError(413, "RequestBodyTooLarge", f"{text}: {length} of {self._most} bytes.")
        disk.require(self._call.store.folder, length)
        md5 = hashlib.md5(usedforsecurity=False)
        loop = asyncio.get_running_loop()
        try:
            with self.file.open("wb", buffering=0) as out:

                def work(pieces: list[bytes]) -> None:
                    for piece in pieces:
                        md5.update(piece)
                        out.write(piece)

                waiting: list[bytes] = []
                held = 0
                writing: asyncio.Future[None] | None = None
                try:
                    async for piece in self._call.request.content.iter_any():
                        waiting.append(piece)
                        held += len(piece)
                        self.size += len(piece)
                        if held >= _PIECE:
                            # One piece is written while the next one arrives.
                            if writing is not None:
                                await writing
                            writing = loop.run_in_executor(_threads, work, waiting)
                            waiting, held = [], 0
                finally:
                    if writing is not None:
                        await writing
                work(waiting)
        except FileNotFoundError:
            raise container_not_found(self._call.container) from None
        self.file.chmod(0o444)
        actual = base64.b64encode(md5.digest()).decode()
        self._call.check_md5(actual)
        return actual
