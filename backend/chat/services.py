"""Services of the chat backend: what routes and events share."""

from dataclasses import dataclass
from typing import cast

import socketio
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from backend.chat.acknowledgements import AcknowledgingManager
from backend.chat.browsers import COOKIE
from backend.chat.emitter import Emitter
from backend.chat.frame_json import FRAME_JSON
from backend.chat.functions import Functions
from backend.chat.library import Library
from backend.chat.managers import choose_manager, start_listening
from backend.chat.origins import origins_of
from backend.chat.recordings import Recordings
from backend.chat.runner import Runner
from backend.chat.settings import Settings, SettingsError
from backend.chat.stores.postgres import PostgresStore
from backend.chat.stores.sqlite import SqliteStore
from backend.chat.stores.store import Store
from backend.chat.users import Users


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a request may use; see `open_services`."""

    settings: Settings
    server: socketio.AsyncServer
    manager: AcknowledgingManager
    store: Store
    library: Library
    functions: Functions
    recordings: Recordings
    users: Users
    emitter: Emitter
    runner: Runner

    async def open(self) -> None:
        """Connect to the database and the other instances, look for runs. Raises StoreError."""
        await self.store.open()
        await start_listening(self.server, self.emitter.replay)
        self.runner.start()
        self.emitter.start()

    async def close(self) -> None:
        """Return the runs and close the connections."""
        await self.runner.stop()
        await self.emitter.stop()
        await self.manager.stop()
        for each in (self.functions, self.library, self.recordings, self.users, self.store):
            await each.close()


def make_services(settings: Settings, server: socketio.AsyncServer) -> Services:
    """Build the services. Raises SettingsError for a database URL of another kind."""
    store = _choose_store(settings.database_url)
    library = Library(settings.api_url, settings.key)
    functions = Functions(settings.api_url, settings.key)
    emitter = Emitter(server, store)
    return Services(
        settings=settings,
        server=server,
        manager=cast("AcknowledgingManager", server.manager),
        store=store,
        library=library,
        functions=functions,
        recordings=Recordings(settings.api_url, settings.key),
        users=Users(settings.api_url, settings.key, is_required=settings.require_auth),
        emitter=emitter,
        runner=Runner(store, emitter, library, functions),
    )


def make_server(settings: Settings) -> socketio.AsyncServer:
    """Build the Socket.IO server; instances share rooms as the settings say."""
    return socketio.AsyncServer(
        async_mode="asgi",
        client_manager=choose_manager(settings.database_url, settings.redis_url),
        cors_allowed_origins="*" if "*" in settings.cors_origins else origins_of(settings),
        cors_credentials=False,
        cookie=COOKIE,
        max_http_buffer_size=2 << 20,
        json=FRAME_JSON,
    )


def _choose_store(url: str) -> Store:
    if url.startswith("sqlite:"):
        return SqliteStore(url)
    try:
        conninfo_to_dict(url)
    except ProgrammingError as exc:
        raise SettingsError(
            "The database must be a Postgres connection string or sqlite:///FILE."
        ) from exc
    return PostgresStore(url)
