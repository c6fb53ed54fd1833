"""Shows its whole environment, and what its process was started with."""

import os
from pathlib import Path


def main(request: object) -> dict[str, object]:
    started_with = Path("/proc/self/environ").read_bytes().decode(errors="replace")
    return {"environ": dict(os.environ), "started_with": started_with}
