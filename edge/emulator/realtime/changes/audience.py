"""Who subscribes to the changes of a table, grouped by what decides the frame that they get."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from edge.emulator.realtime.changes.subscription import Subscription
from edge.emulator.realtime.codec import Version
from edge.emulator.realtime.hub import Channel, Hub, Key, Receiver
from edge.emulator.realtime.tokens import Identity

_Change = tuple[str, str, str]


@dataclass(eq=False, slots=True)
class Group:
    """Sockets that get the same bytes: one topic, the same rights, subscriptions and version."""

    topic: Key
    version: Version
    identity: Identity
    subscriptions: tuple[Subscription, ...]
    sockets: list[Receiver] = field(default_factory=list[Receiver])

    @property
    def rights(self) -> tuple[str, str]:
        return self.identity.rights


@dataclass(slots=True)
class Audience:
    """Groups by change: its kind, schema and table. Found once until the channels change."""

    hub: Hub
    _revision: int = field(default=-1, init=False)
    _groups: dict[_Change, list[Group]] = field(default_factory=dict[_Change, list[Group]])

    def find(self, kind: str, schema: str, table: str) -> list[Group]:
        """Return the groups that may want a change."""
        if self._revision != self.hub.revision:
            self._revision = self.hub.revision
            self._groups.clear()
        change = kind, schema, table
        known = self._groups.get(change)
        if known is None:
            known = self._groups[change] = _group(self.hub.channels(), change)
        return known


def _group(channels: Iterable[Channel], change: _Change) -> list[Group]:
    groups: dict[object, Group] = {}
    for channel in channels:
        wanted = tuple(each for each in channel.subscriptions if each.matches(*change))
        if wanted:
            version = channel.socket.version
            key = channel.key, version, channel.identity.rights, wanted
            group = groups.get(key)
            if group is None:
                group = groups[key] = Group(channel.key, version, channel.identity, wanted)
            group.sockets.append(channel.socket)
    return list(groups.values())
