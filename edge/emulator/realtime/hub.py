"""Topics and their channels: broadcasts and presence within this process.

A private and a public topic of one name are two topics.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from edge.emulator.realtime.changes.subscription import Subscription
from edge.emulator.realtime.codec import (
    UserBroadcast,
    Version,
    dumps,
    encode_broadcast,
    encode_raw,
)
from edge.emulator.realtime.join import JoinConfig
from edge.emulator.realtime.presence import Diff, Meta, Presence
from edge.emulator.realtime.tokens import Identity

PREFIX: Final = "realtime:"
Key = tuple[str, bool]
"""A topic's name without `realtime:`, and whether it is private."""
_NUMBERS = itertools.count(1)


class Receiver(Protocol):
    """What the hub needs of a socket."""

    version: Version

    def send_frame(self, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class ChannelRights:
    """Which extensions a channel may read and write: broadcast, presence."""

    read: frozenset[str]
    write: frozenset[str]


ALL_RIGHTS: Final = ChannelRights(
    frozenset({"broadcast", "presence"}), frozenset({"broadcast", "presence"})
)


@dataclass(eq=False, slots=True)
class Channel:
    """One socket's membership of a topic; `name` is the topic without `realtime:`."""

    socket: Receiver
    name: str
    join_ref: str | None
    config: JoinConfig
    identity: Identity
    rights: ChannelRights
    subscriptions: tuple[Subscription, ...] = ()
    presence_enabled: bool = False
    replayed: set[str] = field(default_factory=set[str])
    number: int = field(default_factory=lambda: next(_NUMBERS))

    @property
    def key(self) -> Key:
        return self.name, self.config.is_private


@dataclass(slots=True)
class Messages:
    """How many messages a topic has had since it was opened, whoever received them."""

    opened_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    broadcast: int = 0
    presence: int = 0
    postgres_changes: int = 0


@dataclass(slots=True)
class _Topic:
    channels: set[Channel] = field(default_factory=set[Channel])
    presence: Presence = field(default_factory=Presence)
    messages: Messages = field(default_factory=Messages)


def frame_bytes(data: str | bytes) -> bytes:
    """Return a WebSocket frame from a server, which is the same for every receiver."""
    payload = data.encode() if isinstance(data, str) else data
    opcode = 0x81 if isinstance(data, str) else 0x82
    size = len(payload)
    if size < 126:
        head = bytes((opcode, size))
    elif size < 65536:
        head = bytes((opcode, 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((opcode, 127)) + size.to_bytes(8, "big")
    return head + payload


@dataclass(slots=True)
class Hub:
    """All channels of this process; `revision` grows whenever one of them changes."""

    revision: int = field(default=0, init=False)
    _topics: dict[Key, _Topic] = field(default_factory=dict[Any, _Topic], init=False)

    def channels(self) -> Iterable[Channel]:
        return itertools.chain.from_iterable(topic.channels for topic in self._topics.values())

    def is_empty(self) -> bool:
        return not self._topics

    def join(self, channel: Channel) -> None:
        self.revision += 1
        self._topics.setdefault(channel.key, _Topic()).channels.add(channel)

    def renew(self, channel: Channel, identity: Identity, rights: ChannelRights) -> None:
        """Replace what a channel's token says."""
        self.revision += 1
        channel.identity, channel.rights = identity, rights

    def leave(self, channel: Channel) -> None:
        self.untrack(channel)
        topic = self._topics.get(channel.key)
        if topic is None:
            return
        self.revision += 1
        topic.channels.discard(channel)
        if not topic.channels and not topic.presence:
            del self._topics[channel.key]

    def messages(self, key: Key) -> Messages:
        """Return the counts of a topic; zeros if it is not open."""
        topic = self._topics.get(key)
        return topic.messages if topic else Messages()

    def count_change(self, key: Key) -> None:
        """Count a change that is sent to a topic."""
        topic = self._topics.get(key)
        if topic:
            topic.messages.postgres_changes += 1

    def presence_state(self, channel: Channel) -> dict[str, Any]:
        topic = self._topics.get(channel.key)
        return topic.presence.state() if topic else {}

    def track(self, channel: Channel, payload: Meta) -> None:
        """Set what a channel tells of itself, and publish the difference."""
        topic = self._topics.setdefault(channel.key, _Topic())
        self._publish(
            channel, topic.presence.track(channel.config.presence_key, channel.number, payload)
        )

    def untrack(self, channel: Channel) -> None:
        topic = self._topics.get(channel.key)
        if topic:
            diff = topic.presence.untrack(channel.config.presence_key, channel.number)
            self._publish(channel, diff)

    def broadcast(self, key: Key, message: UserBroadcast, sender: Channel | None = None) -> int:
        """Send a broadcast with its event and payload apart; returns the deliveries."""
        frames: dict[Version, bytes | None] = {}
        count = 0
        identifier = str((message.meta or {}).get("id", ""))
        for channel in self._count_broadcast(key, sender):
            if identifier and identifier in channel.replayed:
                continue
            version = channel.socket.version
            if version not in frames:
                data = encode_broadcast(PREFIX + key[0], message, version)
                frames[version] = None if data is None else frame_bytes(data)
            frame = frames[version]
            if frame is not None:
                channel.socket.send_frame(frame)
                count += 1
        return count

    def broadcast_text(self, sender: Channel, payload: str) -> int:
        """Send a broadcast that came as text, as it is; returns the deliveries."""
        receivers = self._count_broadcast(sender.key, sender)
        self._send(sender.key, "broadcast", payload, receivers)
        return len(receivers)

    def _publish(self, channel: Channel, diff: Diff | None) -> None:
        topic = self._topics.get(channel.key)
        if diff is None or topic is None:
            return
        topic.messages.presence += 1
        receivers = [
            each
            for each in topic.channels
            if each.presence_enabled and "presence" in each.rights.read
        ]
        self._send(channel.key, "presence_diff", dumps(diff), receivers)

    def _send(self, key: Key, event: str, payload: str, receivers: Iterable[Channel]) -> None:
        frames: dict[Version, bytes] = {}
        for channel in receivers:
            version = channel.socket.version
            if version not in frames:
                frames[version] = frame_bytes(encode_raw(PREFIX + key[0], event, payload, version))
            channel.socket.send_frame(frames[version])

    def _count_broadcast(self, key: Key, sender: Channel | None) -> list[Channel]:
        """Count a broadcast; returns its receivers."""
        topic = self._topics.get(key)
        if topic is None:
            return []
        topic.messages.broadcast += 1
        return [
            channel
            for channel in topic.channels
            if "broadcast" in channel.rights.read
            and (channel is not sender or channel.config.receives_own)
        ]
