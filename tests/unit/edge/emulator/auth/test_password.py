"""Hashes of other systems, strength, and that unknown hashes match nothing."""

import pytest

from edge.emulator.auth.config import PasswordConfig
from edge.emulator.auth.password import find_weakness, generate_password, is_hash, is_password

# Of "test", from supabase/auth's own tests.
ARGON2ID = (
    "$argon2id$v=19$m=32,t=3,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk"
)
ARGON2I = "$argon2i$v=19$m=16,t=2,p=1$bGJRWThNOHJJTVBSdHl2dQ$NfEnUOuUpb7F2fQkgFUG4g"
FIREBASE = (
    "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,"
    "sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$"
    "C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw=="
)


@pytest.mark.parametrize(
    ("stored", "password"),
    [(ARGON2ID, "test"), (ARGON2I, "test"), (FIREBASE, "mytestpassword")],
)
async def test_hashes_of_imports(stored: str, password: str) -> None:
    assert is_hash(stored)
    assert await is_password(password, stored)
    assert not await is_password(f"{password}x", stored)


@pytest.mark.parametrize(
    "stored",
    [
        *("", "plain", "$2b$10$short", "$argon2d$v=19$m=16,t=2,p=1$YQ$YQ", "$1$salt$hash"),
        *(ARGON2ID.replace("m=32", "m=9999999"), FIREBASE.replace("n=14", "n=30")),
    ],
)
async def test_what_is_no_hash_matches_nothing(stored: str) -> None:
    assert not is_hash(stored)
    assert not await is_password("test", stored)


def test_required_characters() -> None:
    config = PasswordConfig(min_length=8, required_characters=("abc", "123"))

    weakness = find_weakness("abc", config)

    assert weakness is not None
    assert weakness.reasons == ("length", "characters")
    assert weakness.message == (
        "Password should be at least 8 characters."
        " Password should contain at least one character of each: abc, 123."
    )
    assert find_weakness(generate_password(config), config) is None
