"""Takes CloudEvents, asynchronously."""

import functions_framework.aio


@functions_framework.aio.cloud_event
async def main(event):
    print(f"event {event['id']}: {event.data}")  # noqa: T201
