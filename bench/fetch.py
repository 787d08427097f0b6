"""The least a client can do: sign in and fetch, with nothing read, kept or judged."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from typing import Any

import aiohttp

IN_FLIGHT = 32
OF_ACCOUNT = (
    "deployments?api-version=2025-09-01",
    "raiPolicies?api-version=2025-09-01",
    "providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview",
)
ACCOUNTS = "providers/Microsoft.CognitiveServices/accounts?api-version=2025-09-01"


async def fetch(url: str, ca_file: str) -> int:
    """Fetch every account's lists; return how many answers there were."""
    context = ssl.create_default_context(cafile=ca_file)
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT, ssl=context)
    async with aiohttp.ClientSession(url, connector=connector) as session:
        headers = {"Authorization": f"Bearer {await _token(session, url)}"}

        async def get(path: str) -> Any:
            async with session.get(path, headers=headers) as response:
                return await response.json()

        listed = await get("/subscriptions?api-version=2022-12-01")
        accounts = await asyncio.gather(
            *(get(f"{each['id']}/{ACCOUNTS}") for each in listed["value"])
        )
        answers = await asyncio.gather(
            *(
                get(f"{account['id']}/{path}")
                for page in accounts
                for account in page["value"]
                for path in OF_ACCOUNT
            )
        )
    return len(answers)


async def _token(session: aiohttp.ClientSession, url: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": os.environ["AZURE_CLIENT_ID"],
        "client_secret": os.environ["AZURE_CLIENT_SECRET"],
        "scope": f"{url}/.default",
    }
    path = f"/{os.environ['AZURE_TENANT_ID']}/oauth2/v2.0/token"
    async with session.post(path, data=form) as response:
        return str((await response.json())["access_token"])


if __name__ == "__main__":
    print(asyncio.run(fetch(*sys.argv[1:])))
