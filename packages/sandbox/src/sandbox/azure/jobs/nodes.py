"""The nodes of the compute clusters: the number for a job, and the queue of jobs."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.azure.arm.store import Store
from sandbox.azure.jobs.failures import JobFailed


class Nodes:
    """The nodes in use, by cluster."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._used: Counter[str] = Counter()
        self._freed = asyncio.Condition()

    def most(self, compute: str) -> int:
        """Return a cluster's largest number of nodes.

        Raises:
            JobFailed: the compute cluster does not exist, or has no nodes.
        """
        resource = self._store.get(compute)
        if resource is None:
            raise JobFailed(f"The compute target '{compute}' does not exist.")
        properties = resource.body.get("properties", {})
        scale = (properties.get("properties") or {}).get("scaleSettings") or {}
        most = scale.get("maxNodeCount")
        if not isinstance(most, int) or most < 1:
            raise JobFailed(f"The compute target '{compute}' has no nodes to run on (maxNodeCount is {most!r}).")
        return most

    @asynccontextmanager
    async def some(self, compute: str, wanted: int) -> AsyncIterator[int]:
        """Hold ``wanted`` nodes, or the cluster's maximum if that is lower; wait while others use them."""
        most = self.most(compute)
        count, key = min(wanted, most), compute.lower()
        async with self._freed:
            await self._freed.wait_for(lambda: self._used[key] + count <= most)
            self._used[key] += count
        try:
            yield count
        finally:
            async with self._freed:
                self._used[key] -= count
                self._freed.notify_all()
