"""One socket's conversation: joins, leaves, broadcasts, presence, tokens.

Follows supabase/realtime (realtime_channel.ex). Messages of a socket are handled one after the
other, so that its order is kept.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import psycopg

from edge.emulator.postgres.pool import PoolBusyError, PostgresUnreachableError
from edge.emulator.realtime.authorization import Authorizer
from edge.emulator.realtime.changes.feed import ChangeFeed
from edge.emulator.realtime.changes.subscription import SubscriptionError, parse_subscription
from edge.emulator.realtime.codec import (
    Frame,
    decode_binary,
    dumps,
    encode,
)
from edge.emulator.realtime.hub import ALL_RIGHTS, PREFIX, Channel, Hub, Receiver, frame_bytes
from edge.emulator.realtime.join import JoinConfig, parse_join, parse_replay, read_token
from edge.emulator.realtime.limits import ClientPresence, Quota
from edge.emulator.realtime.parsing import InvalidJsonError, Parser
from edge.emulator.realtime.tokens import Identity, InvalidTokenError, identify
from edge.tokens import Keys

_MAX_CHANNELS: Final = 100
_MAX_PAYLOAD: Final = 3_000_000
_MAX_PRESENCE: Final = 100_000
_MAX_CHANGES: Final = 100
_NO_DATABASE: Final = "UnableToConnectToProject: The database cannot be reached"
_UNMATCHED: Final = {"reason": "unmatched topic"}
_CANNOT_READ: Final = "You do not have permissions to read from this Channel topic: {}"
_LOST_READ: Final = "You no longer have permission to read from this Channel topic: {}"


class SessionSocket(Receiver, Protocol):
    """What a session needs of its socket."""

    def close(self, code: int, reason: str) -> None: ...


class _RefusedError(Exception):
    """A join that is refused; the message is the reason."""


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What the sessions of a project share."""

    hub: Hub
    authorizer: Authorizer
    feed: ChangeFeed
    parser: Parser
    quota: Quota


class Session:
    """The channels of one socket."""

    def __init__(
        self,
        socket: SessionSocket,
        keys: Keys,
        identity: Identity,
        parts: SessionParts,
    ) -> None:
        self._socket = socket
        self._keys = keys
        self._identity = identity
        self._hub, self._authorizer, self._feed = parts.hub, parts.authorizer, parts.feed
        self._parser, self._quota = parts.parser, parts.quota
        self._presence_calls = ClientPresence()
        self._channels: dict[str, Channel] = {}
        self._events: dict[str, Callable[[Channel, Frame], Any]] = {
            "broadcast": self._broadcast,
            "presence": self._present,
            "access_token": self._renew,
            "phx_leave": self._leave,
        }

    async def receive(self, data: str | bytes) -> None:
        """Handle one message; malformed ones are dropped."""
        frame = await self._decode(data)
        if frame is None:
            return
        if frame.topic == "phoenix" and frame.event == "heartbeat":
            self._reply(frame, "ok", {})
        elif frame.raw is not None and frame.event != "broadcast":
            self._reply(frame, "error", {"reason": "payload_size_exceeded"})
        elif frame.event == "phx_join":
            await self._join(frame)
        elif (channel := self._channels.get(frame.topic)) is None:
            self._reply(frame, "error", _UNMATCHED)
        elif handle := self._events.get(frame.event):
            await handle(channel, frame)

    async def _decode(self, data: str | bytes) -> Frame | None:
        """Return the message; None for one that is malformed, whose receivers it would hurt."""
        caller = str(id(self))
        if isinstance(data, str):
            return await self._parser.frame(data, self._socket.version, caller)
        frame = decode_binary(data)
        if frame and frame.broadcast and frame.broadcast.is_json and frame.broadcast.payload:
            try:
                await self._parser.check(frame.broadcast.payload, caller)
            except InvalidJsonError:
                return None
        return frame

    def close(self) -> None:
        """Leave all channels, for the socket is closed."""
        for channel in self._channels.values():
            self._hub.leave(channel)
        self._channels.clear()

    def check_tokens(self) -> None:
        """Shut down channels whose token has expired."""
        for channel in list(self._channels.values()):
            if channel.identity.is_expired():
                self._shut_down(channel, "Token has expired")

    def has_subscriptions(self) -> bool:
        return any(channel.subscriptions for channel in self._channels.values())

    # Joining

    async def _join(self, frame: Frame) -> None:
        if not frame.topic.startswith(PREFIX) or frame.topic == PREFIX:
            self._reply(frame, "error", _UNMATCHED)
            return
        config = parse_join(frame.payload)
        try:
            channel = await self._admit(frame, config)
            replayed = await self._fetch_replay(channel)
        except _RefusedError as exc:
            self._reply(frame, "error", {"reason": str(exc)})
            return
        except InvalidTokenError as exc:
            self._reply(frame, "error", {"reason": f"{exc.code}: {exc.text}"})
            return
        except psycopg.Error as exc:
            reason = exc.diag.message_primary or str(exc).strip()
            self._reply(frame, "error", {"reason": f"RlsPolicyError: {reason}"})
            return
        except (PoolBusyError, PostgresUnreachableError):
            self._reply(frame, "error", {"reason": _NO_DATABASE})
            return
        former = self._channels.pop(frame.topic, None)
        if former:
            self._hub.leave(former)
            self._push(former, "phx_close", {})
        is_running = await self._feed.ensure_running()
        self._channels[frame.topic] = channel
        faults = await self._subscribe(channel) if config.changes else []
        self._hub.join(channel)
        self._reply(frame, "ok", config.reply())
        if channel.presence_enabled and "presence" in channel.rights.read:
            self._push(channel, "presence_state", self._hub.presence_state(channel))
        self._replay(channel, replayed)
        if config.changes:
            text = faults[0] if faults else "Subscribed to PostgreSQL"
            self._system(channel, "postgres_changes", "error" if faults else "ok", text)
        if config.replication_ready and is_running:
            self._system(channel, "system", "ok", "Replication connection established")

    async def _admit(self, frame: Frame, config: JoinConfig) -> Channel:
        name = frame.topic.removeprefix(PREFIX)
        if not self._quota.may_join():
            asyncio.get_running_loop().call_soon(self._socket.close, 1000, "")  # when answered
            raise _RefusedError("ClientJoinRateLimitReached: Too many joins per second")
        if len(self._channels) >= _MAX_CHANNELS and frame.topic not in self._channels:
            raise _RefusedError("ChannelRateLimitReached: Too many channels")
        if len(config.changes) > _MAX_CHANGES:
            raise _RefusedError(f"ChannelRateLimitReached: At most {_MAX_CHANGES} subscriptions")
        identity = identify(config.token, self._keys) if config.token else self._identity
        if identity.is_expired():
            raise InvalidTokenError("InvalidJWTToken", "Token has expired")
        rights = ALL_RIGHTS
        if config.is_private:
            rights = await self._authorizer.ask(name, identity)
            if not rights.read:
                raise _RefusedError(f"Unauthorized: {_CANNOT_READ.format(name)}")
        return Channel(
            self._socket,
            name,
            frame.join_ref,
            config,
            identity,
            rights,
            presence_enabled=config.presence_enabled,
        )

    async def _fetch_replay(self, channel: Channel) -> list[dict[str, Any]]:
        if channel.config.replay is None:
            return []
        if not channel.config.is_private:
            raise _RefusedError("UnableToReplayMessages: Replay is not allowed for public channels")
        replay = parse_replay(channel.config.replay)
        if replay is None:
            raise _RefusedError("UnableToReplayMessages: Replay params are not valid")
        return await self._authorizer.replay(channel.name, replay)

    def _replay(self, channel: Channel, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            channel.replayed.add(row["id"])
            meta = {"replayed": True, "id": row["id"]}
            payload = {
                "type": "broadcast",
                "event": row["event"],
                "payload": json.loads(row["payload"]),
                "meta": meta,
            }
            self._push(channel, "broadcast", payload)

    async def _subscribe(self, channel: Channel) -> list[str]:
        """Set the channel's subscriptions; returns why there are none."""
        try:
            found = [parse_subscription(number, each) for number, each in channel.config.changes]
            for each in found:
                await self._feed.catalog.check(each)
        except SubscriptionError as exc:
            return [str(exc)]
        except (psycopg.Error, PoolBusyError, PostgresUnreachableError) as exc:
            return [f"Unable to subscribe to changes with given parameters: {exc}".strip()]
        channel.subscriptions = tuple(found)
        return []

    # A joined channel's events

    async def _leave(self, channel: Channel, frame: Frame) -> None:
        self._drop(channel)
        self._reply(frame, "ok", {})
        self._push(channel, "phx_close", {})

    async def _broadcast(self, channel: Channel, frame: Frame) -> None:
        acknowledges = channel.config.acknowledges and frame.ref is not None
        if "broadcast" not in channel.rights.write:
            return
        text = frame.raw if frame.raw is not None else dumps(frame.payload)
        size = len(frame.broadcast.payload) if frame.broadcast else len(text)
        if size > _MAX_PAYLOAD:
            if acknowledges:
                self._reply(frame, "error", {"reason": "payload_size_exceeded"})
            return
        if frame.broadcast:
            deliveries = self._hub.broadcast(channel.key, frame.broadcast, channel)
        else:
            deliveries = self._hub.broadcast_text(channel, text)
        if not self._quota.may_send(deliveries):
            self._shut_down(channel, "Too many messages per second")
        elif acknowledges:
            self._reply(frame, "ok", {})

    async def _present(self, channel: Channel, frame: Frame) -> None:
        body = cast("dict[str, Any]", frame.payload) if isinstance(frame.payload, dict) else {}
        payload = body.get("payload", {})
        event = str(body.get("event", "")).lower()
        if exceeded := self._quota.may_present(self._presence_calls):
            self._shut_down(channel, exceeded)
        elif "presence" not in channel.rights.write:
            self._reply(frame, "error", {})
        elif event == "untrack":
            self._hub.untrack(channel)
            self._reply(frame, "ok", {})
        elif event != "track":
            self._reply(frame, "error", {"reason": f"Unknown presence event: {event}"})
        elif not isinstance(payload, dict):
            self._reply(frame, "error", {"reason": "Presence track payload must be a map"})
        elif len(dumps(payload)) > _MAX_PRESENCE:
            self._reply(frame, "error", {"reason": "Track message size exceeded"})
        else:
            self._hub.track(channel, cast("dict[str, Any]", payload))
            self._reply(frame, "ok", {})

    async def _renew(self, channel: Channel, frame: Frame) -> None:
        """Take a new token: rights are asked again, and lost ones end the channel."""
        body = cast("dict[str, Any]", frame.payload) if isinstance(frame.payload, dict) else {}
        token = read_token(body.get("access_token"))
        if token is None or token == channel.identity.token:
            return
        try:
            identity = identify(token, self._keys)
        except InvalidTokenError as exc:
            self._shut_down(channel, exc.text)
            return
        rights = channel.rights
        if channel.config.is_private:
            try:
                rights = await self._authorizer.ask(channel.name, identity)
            except psycopg.Error as exc:
                self._shut_down(channel, exc.diag.message_primary or str(exc))
                return
            if not rights.read:
                self._shut_down(channel, _LOST_READ.format(channel.name))
                return
        self._hub.renew(channel, identity, rights)

    # Sending

    def _drop(self, channel: Channel) -> None:
        self._channels.pop(PREFIX + channel.name, None)
        self._hub.leave(channel)

    def _shut_down(self, channel: Channel, text: str) -> None:
        self._system(channel, "system", "error", text)
        self._drop(channel)
        self._push(channel, "phx_close", {})

    def _system(self, channel: Channel, extension: str, status: str, text: str) -> None:
        self._push(
            channel,
            "system",
            {
                "extension": extension,
                "status": status,
                "message": text,
                "channel": channel.name,
            },
        )

    def _reply(self, frame: Frame, status: str, response: dict[str, Any]) -> None:
        payload = {"status": status, "response": response}
        self._write(Frame(frame.topic, "phx_reply", payload, frame.ref, frame.join_ref))

    def _push(self, channel: Channel, event: str, payload: Any) -> None:
        topic = PREFIX + channel.name
        self._write(Frame(topic, event, payload, None, channel.join_ref))

    def _write(self, frame: Frame) -> None:
        self._socket.send_frame(frame_bytes(encode(frame, self._socket.version)))
