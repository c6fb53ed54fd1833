"""When two addresses of a provider are the same service."""

import pytest

from shared.llm.embeddings import origin_of


@pytest.mark.parametrize("base_url", [None, "https://api.openai.com/v1", "https://API.openai.com"])
def test_the_official_service(base_url: str | None) -> None:
    assert origin_of(base_url) == "official"


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:54321/providers/openai/v1",
        "http://127.0.0.1:41999/providers/openai/v1",
        "http://localhost:54321/providers/openai/v1",
        "http://[::1]:54321/providers/openai/v1",
    ],
)
def test_the_local_stack_is_one_service_whatever_its_port(base_url: str) -> None:
    assert origin_of(base_url) == "local"


def test_other_servers_are_told_apart_and_not_named() -> None:
    addresses = [
        "http://127.0.0.1:11434/v1",
        "http://127.0.0.1:1234/v1",
        "https://models.example.com/v1",
        "https://models.example.com/v2",
        "https://models.example.com/providers/openai/v1",
        "https://api.openai.com.example.com/v1",
    ]

    origins = [origin_of(address) for address in addresses]

    assert len(set(origins)) == len(addresses)
    assert not any("example" in origin or "127" in origin for origin in origins)


def test_how_an_address_is_written_does_not_matter() -> None:
    plain = origin_of("https://models.example.com/v1")

    assert origin_of("https://user:pass@Models.Example.com/v1/") == plain
