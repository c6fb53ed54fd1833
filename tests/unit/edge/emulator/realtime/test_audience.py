"""Who gets a change: groups of sockets that get the same bytes."""

from edge.emulator.realtime.changes.audience import Audience
from edge.emulator.realtime.changes.subscription import parse_subscription
from edge.emulator.realtime.codec import Version
from edge.emulator.realtime.hub import ALL_RIGHTS, Channel, Hub
from edge.emulator.realtime.join import parse_join
from edge.emulator.realtime.tokens import Identity


class Socket:
    def __init__(self, version: Version = "2.0.0") -> None:
        self.version: Version = version
        self.frames: list[bytes] = []

    def send_frame(self, data: bytes) -> None:
        self.frames.append(data)


def join(
    hub: Hub, socket: Socket, role: str = "anon", event: str = "*", *, private: bool = False
) -> Channel:
    entry = {"event": event, "schema": "public", "table": "t"}
    config = parse_join({"config": {"postgres_changes": [entry], "private": private}})
    identity = Identity("token", role, f'{{"role":"{role}"}}', "", 9e12)
    channel = Channel(socket, "room", "1", config, identity, ALL_RIGHTS)
    channel.subscriptions = tuple(parse_subscription(*each) for each in config.changes)
    hub.join(channel)
    return channel


def sizes(audience: Audience, kind: str = "INSERT", table: str = "t") -> list[int]:
    return sorted(len(group.sockets) for group in audience.find(kind, "public", table))


def test_sockets_with_the_same_rights_and_subscriptions_share_a_frame() -> None:
    hub = Hub()
    audience = Audience(hub)
    for role in ("anon", "anon", "authenticated"):
        join(hub, Socket(), role)
    join(hub, Socket("1.0.0"))
    join(hub, Socket(), event="DELETE")

    assert sizes(audience) == [1, 1, 2]
    assert sizes(audience, "DELETE") == [1, 1, 1, 2]
    assert sizes(audience, table="other") == []


def test_groups_follow_joins_leaves_and_new_tokens() -> None:
    hub = Hub()
    audience = Audience(hub)
    first, second = join(hub, Socket()), join(hub, Socket())
    assert sizes(audience) == [2]

    other = Identity("new", "authenticated", "{}", "", 9e12)
    hub.renew(first, other, first.rights)
    assert sizes(audience) == [1, 1]

    hub.leave(second)
    assert [group.identity for group in audience.find("INSERT", "public", "t")] == [other]


def test_a_private_and_a_public_topic_of_one_name_are_apart() -> None:
    hub = Hub()
    audience = Audience(hub)
    for private in (True, False, False):
        join(hub, Socket(), private=private)

    assert sizes(audience) == [1, 2]
    assert {group.topic for group in audience.find("INSERT", "public", "t")} == {
        ("room", True),
        ("room", False),
    }
