"""The worker that bench.media kills: pops, uploads and reports until it is ended."""

import os
import sys
import time

import httpx

from tests.support.media.worker import PullWorker

_PNG = b"\x89PNG\r\n\x1a\n" + bytes(2048)


def main() -> None:
    """Work for the stack at the URL that is given."""
    with PullWorker(sys.argv[1], os.environ["SERVICE_ROLE_KEY"]) as worker:
        while True:
            try:
                job = worker.pop()
                if job is None:
                    time.sleep(0.1)
                    continue
                path = f"{job['user_id']}/{job['job_id']}/0.png" if "user_id" in job else ""
                worker.upload(path, _PNG)
                assets = [{"type": "image", "url": path}]
                worker.call_back(job["job_id"], "completed", assets=assets)
            except httpx.HTTPError:
                time.sleep(0.1)


if __name__ == "__main__":
    main()
