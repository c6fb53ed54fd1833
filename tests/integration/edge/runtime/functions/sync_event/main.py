"""Takes CloudEvents, synchronously."""

import functions_framework


@functions_framework.cloud_event
def main(event):
    print(f"event {event['id']}: {event.data}")  # noqa: T201
