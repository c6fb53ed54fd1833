from collections.abc import Iterable

class AsyncManager:
    def get_participants(self, namespace: str, room: str | None) -> Iterable[tuple[str, str]]: ...
