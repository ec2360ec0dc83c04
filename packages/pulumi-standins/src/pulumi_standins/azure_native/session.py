"""One configured provider: its HTTP session, its login, its operations and its running calls."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import aiohttp

from pulumi_standins.azure_native.config import Settings
from pulumi_standins.azure_native.errors import NotReadyError, ProviderError, StoppedError
from pulumi_standins.azure_native.login import AUTHORITY, Login
from pulumi_standins.azure_native.operations import Operations
from pulumi_standins.azure_native.schema import sdk_version
from pulumi_standins.azure_native.transport import ENDPOINT, Transport

T = TypeVar("T")
# azure-native's limit for one operation without a custom timeout, in seconds.
_DEFAULT_TIMEOUT = 2 * 60 * 60.0
_CONNECTIONS = 32


class Session:
    """The result of Configure.

    Args:
        settings: the provider's settings.
        endpoint: the address of ARM; tests set their own server here.
        authority: the address of Entra; likewise.
    """

    def __init__(self, settings: Settings, *, endpoint: str = ENDPOINT, authority: str = AUTHORITY) -> None:
        self.settings = settings
        # trust_env: HTTPS_PROXY and NO_PROXY; Python's default TLS context reads SSL_CERT_FILE itself.
        self._http = aiohttp.ClientSession(trust_env=True, connector=aiohttp.TCPConnector(limit=_CONNECTIONS))
        self.login = Login(self._http, settings, authority)
        self.transport = Transport(
            self._http, self.login, endpoint=endpoint, user_agent=f"pulumi-azure-native-standin/{sdk_version()}"
        )
        self.operations = Operations(self.transport, settings)
        self._running: set[asyncio.Task[Any]] = set()
        self._stopped = False

    async def run(self, work: Coroutine[Any, Any, T], seconds: float = 0.0) -> T:
        """Run one call with a time limit; `stop` can cancel it.

        Args:
            work: the call.
            seconds: the resource's custom timeout; 0 means two hours.

        Raises:
            ProviderError: the limit passed (`operation timed out`), or `stop` was called (`context canceled`).
        """
        if self._stopped:
            work.close()
            raise ProviderError("context canceled")
        task = asyncio.create_task(_limited(work, seconds or _DEFAULT_TIMEOUT))
        self._running.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if self._stopped:
                raise ProviderError("context canceled") from None
            task.cancel()
            raise
        finally:
            self._running.discard(task)

    def stop(self) -> None:
        """Cancel every running call and refuse new ones: the engine was told to stop (Ctrl-C)."""
        self._stopped = True
        for task in self._running:
            task.cancel()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


async def _limited(work: Coroutine[Any, Any, T], seconds: float) -> T:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await work
    except StoppedError as error:
        text = "operation timed out" if limit.expired() else "context canceled"
        raise NotReadyError(f"resource created but read failed: {text}", error.resource_id, None) from error
    except TimeoutError as error:
        if limit.expired():
            raise ProviderError("operation timed out") from error
        raise
