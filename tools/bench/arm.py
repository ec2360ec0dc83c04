"""How many ARM requests a second the sandbox answers, and how long one takes: GET and PUT of a managed identity."""

import asyncio
import json
import os
import ssl
import sys
import time

import aiohttp

from tools.bench.measure import Spread

_REQUESTS = 400
_CONCURRENT = 8


async def _measure() -> dict[str, float]:
    subscription = os.environ["AZURE_SUBSCRIPTION_ID"]
    trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    proxy = os.environ["HTTPS_PROXY"]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
        headers = {"Authorization": f"Bearer {await _token(session, proxy)}"}
        group = f"https://management.azure.com/subscriptions/{subscription}/resourceGroups/bench"
        identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/bench"
        version = {"api-version": "2023-01-31"}
        body = {"location": "westeurope"}

        async def send(method: str, url: str) -> float:
            begin = time.perf_counter()
            async with session.request(
                method, url, params=version, headers=headers, proxy=proxy, json=body if method == "PUT" else None
            ) as answer:
                await answer.read()
                answer.raise_for_status()
            return time.perf_counter() - begin

        await send("PUT", group)
        await send("PUT", identity)
        figures: dict[str, float] = {}
        for method in ("GET", "PUT"):
            alone = [await send(method, identity) for _ in range(_REQUESTS)]
            figures[f"{method} median ms"] = Spread.of(alone).median * 1000
            figures[f"{method} p99 ms"] = sorted(alone)[int(len(alone) * 0.99)] * 1000
            begin = time.perf_counter()
            for _ in range(_REQUESTS // _CONCURRENT):
                await asyncio.gather(*(send(method, identity) for _ in range(_CONCURRENT)))
            figures[f"{method} per second, {_CONCURRENT} at once"] = _REQUESTS / (time.perf_counter() - begin)
    return figures


async def _token(session: aiohttp.ClientSession, proxy: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": os.environ["AZURE_CLIENT_ID"],
        "client_secret": os.environ["AZURE_CLIENT_SECRET"],
        "scope": "https://management.azure.com/.default",
    }
    url = f"https://login.microsoftonline.com/{os.environ['AZURE_TENANT_ID']}/oauth2/v2.0/token"
    async with session.post(url, data=form, proxy=proxy) as answer:
        token: str = (await answer.json())["access_token"]
        return token


if __name__ == "__main__":
    json.dump(asyncio.run(_measure()), sys.stdout)
