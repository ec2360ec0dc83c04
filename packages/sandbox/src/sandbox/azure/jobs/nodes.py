"""The nodes of the compute clusters: the number for a job, the queue of jobs, and the start of nodes."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sandbox.azure.arm.durations import parse_duration
from sandbox.azure.arm.latencies import NODE_START
from sandbox.azure.arm.service_time import ServiceTime
from sandbox.azure.arm.store import Store
from sandbox.azure.jobs.failures import JobFailed


class Nodes:
    """The nodes in use, by cluster, and those that are idle but still there."""

    def __init__(self, store: Store, service_time: ServiceTime) -> None:
        self._store = store
        self._service_time = service_time
        self._leaving: defaultdict[str, list[float]] = defaultdict(list)
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
        most = self._scale(compute).get("maxNodeCount")
        if not isinstance(most, int) or most < 1:
            raise JobFailed(f"The compute target '{compute}' has no nodes to run on (maxNodeCount is {most!r}).")
        return most

    def busy(self, compute: str) -> int:
        """Return how many nodes of a cluster jobs hold."""
        return self._used[compute.lower()]

    @asynccontextmanager
    async def some(self, compute: str, wanted: int, asked_by: int = 0) -> AsyncIterator[int]:
        """Hold ``wanted`` nodes, or the cluster's maximum if that is lower; wait while others use them.

        Missing nodes take their time to start (``latencies``): only ``minNodeCount`` of a cluster always
        are, and each of the others for its idle time after a job.
        """
        most = self.most(compute)
        count, key = min(wanted, most), compute.lower()
        async with self._freed:
            await self._freed.wait_for(lambda: self._used[key] + count <= most)
            before = self._used[key]
            self._used[key] += count
        try:
            await self._start(compute, count, before, asked_by)
            yield count
        finally:
            self._keep(compute, count)
            async with self._freed:
                self._used[key] -= count
                self._freed.notify_all()

    async def _start(self, compute: str, count: int, used: int, asked_by: int) -> None:
        """Take ``count`` nodes, of which some may have to start."""
        idle, always = self._leaving[compute.lower()], int(self._scale(compute).get("minNodeCount") or 0)
        idle[:] = sorted(at for at in idle if at > time.time())
        taken = min(count, len(idle))
        del idle[len(idle) - taken :]
        if count - taken > max(0, always - used - taken):
            async with self._service_time.taken(NODE_START, compute, asked_by):
                pass

    def _keep(self, compute: str, count: int) -> None:
        """Let a job's nodes go when their idle time is over."""
        idle = parse_duration(self._scale(compute).get("nodeIdleTimeBeforeScaleDown") or "PT2M")
        until = time.time() + self._service_time.latencies.here(idle)
        self._leaving[compute.lower()] += [until] * count

    def _scale(self, compute: str) -> dict[str, Any]:
        """Return a cluster's scale settings; none if it does not exist."""
        resource = self._store.get(compute)
        properties = (resource.body.get("properties") or {}) if resource else {}
        return (properties.get("properties") or {}).get("scaleSettings") or {}
