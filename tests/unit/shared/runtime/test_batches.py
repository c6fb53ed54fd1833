"""What is added while batches are on their way goes together with the next one."""

import asyncio
from collections.abc import Sequence

from shared.runtime.batches import Batches


async def turn_over() -> None:
    """Let everything run that waits for nothing but its turn."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_comes_meanwhile_is_sent_together_and_in_bounds() -> None:
    sent: list[list[int]] = []
    gate = asyncio.Event()

    async def send(batch: Sequence[int]) -> None:
        sent.append(list(batch))
        await gate.wait()

    batches = Batches(send, most=3, at_once=2)
    for number in (1, 2):
        batches.add(number)
        await turn_over()
    for number in range(3, 8):
        batches.add(number)
    await turn_over()
    assert sent == [[1], [2]]

    gate.set()
    await turn_over()

    assert sent == [[1], [2], [3, 4, 5], [6, 7]]


async def test_what_is_added_as_the_last_batch_ends_is_sent_too() -> None:
    sent: list[int] = []

    async def send(batch: Sequence[int]) -> None:
        sent.extend(batch)

    async def add(number: int) -> None:
        batches.add(number)

    batches = Batches(send, most=3, at_once=1)
    batches.add(1)
    await asyncio.gather(*(add(number) for number in range(2, 6)))
    await turn_over()

    assert sent == [1, 2, 3, 4, 5]


async def test_what_is_about_to_be_added_shares_the_batch() -> None:
    sent: list[list[int]] = []

    async def send(batch: Sequence[int]) -> None:
        sent.append(list(batch))

    async def add(number: int) -> None:
        if number:
            await asyncio.sleep(0)
        batches.add(number)

    batches = Batches(send, most=10, at_once=2)
    await asyncio.gather(*(add(number) for number in range(5)))
    await turn_over()

    assert sent == [[0, 1, 2, 3, 4]]
