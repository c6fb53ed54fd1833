"""Client of the emulated providers' `/_faults`."""

from typing import Any

import httpx


class FaultClient:
    """Injects faults and reads request counts."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def inject(self, **fault: Any) -> None:
        assert self._client.post("/_faults", json=fault).status_code == 201

    def state(self) -> Any:
        return self._client.get("/_faults").json()

    def clear(self) -> Any:
        return self._client.delete("/_faults").json()
