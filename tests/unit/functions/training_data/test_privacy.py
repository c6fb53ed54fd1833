"""No personal data of 2,000 generated transcripts survives, and nearly all other text does."""

import random
import re
from collections.abc import Callable

import pytest

from functions.training_data.privacy import Redactor, is_card, is_iban, is_person

NAMES = [
    *("Maria Keller", "John O'Neill", "Aiko Tanaka", "José García", "Lena Müller-Brandt"),
    *("Bo Li", "Will Young"),
]
SENTENCES = [
    "We have 12,000 users and grew 15.5% in 2024.",
    "It costs $1,299.00 per month, billed once a year.",
    "The rollout takes 24 to 48 hours, on 2026-05-01 at 10:30.",
    "Our team of 40 handles 900 calls a week.",
    "Is there a discount for more than 250 seats?",
    "Version 3.11.7 fixed that in ticket 4821.",
    "I'd rather start in September, after the audit.",
    "That's a fair question; let me show you the report.",
    "We meet at 9 on Monday in room 12.",
    "Half of the 1,500 tickets were about invoices.",
]


def luhn(rng: random.Random) -> str:
    digits = [rng.randrange(1, 10), *(rng.randrange(10) for _ in range(14))]
    total = sum(
        sum(divmod(digit * 2, 10)) if place % 2 == 0 else digit
        for place, digit in enumerate(reversed(digits))
    )
    text = "".join(map(str, [*digits, -total % 10]))
    return rng.choice(
        [text, " ".join(re.findall("....", text)), "-".join(re.findall("....", text))]
    )


def iban(rng: random.Random) -> str:
    account = "".join(str(rng.randrange(10)) for _ in range(18))
    check = 98 - int(account + "131400") % 97
    compact = f"DE{check:02d}{account}"
    return rng.choice([compact, " ".join(re.findall(".{1,4}", compact))])


def phone(rng: random.Random) -> str:
    area, middle, last = rng.randrange(201, 989), rng.randrange(200, 999), rng.randrange(10**4)
    return rng.choice(
        [
            f"+1 ({area}) {middle}-{last:04d}",
            f"{area}-{middle}-{last:04d}",
            f"({area}) {middle} {last:04d}",
            f"+49 30 {rng.randrange(10**6, 10**7)}",
            f"+33 6 {rng.randrange(10, 99)} {rng.randrange(10, 99)} 45 67",
            f"+44 20 7{rng.randrange(100, 999)} {rng.randrange(1000, 9999)}",
        ]
    )


def email(rng: random.Random) -> str:
    name = f"user{rng.randrange(10**8, 10**9)}"
    return rng.choice(
        [
            f"{name}@example.co.uk",
            f"{name}.x+tag@mail.example.com",
            f"{name} at example dot com",
            f"{name} underscore lee at example dot co dot uk",
            f"{name} [at] example [dot] com",
            f"{name}(at)example.com",
        ]
    )


def street(rng: random.Random) -> str:
    number = rng.randrange(1, 2000)
    return rng.choice(
        [
            f"{number} Elm Street",
            f"{number}B North Lake Ave",
            f"Hauptstraße {number % 200 + 1}",
            f"Musterstr. {number % 200 + 1}",
            f"PO Box {number}",
        ]
    )


def ssn(rng: random.Random) -> str:
    return f"{rng.randrange(100, 899)}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}"


KINDS: list[tuple[str, Callable[[random.Random], str]]] = [
    ("My card is {}.", luhn),
    ("The account is {}.", iban),
    ("Call me at {} please.", phone),
    ("Write to {}, thanks.", email),
    ("Send it to {}, second floor.", street),
    ("My social is {}.", ssn),
]


def test_nothing_personal_survives_and_the_rest_does() -> None:
    rng = random.Random(7)
    kept = total = 0
    for _ in range(2000):
        name = rng.choice(NAMES)
        redactor = Redactor([name, "Agent"])
        secrets = [(template, make(rng)) for template, make in rng.sample(KINDS, 3)]
        plain = rng.sample(SENTENCES, 4)
        lines = [
            *plain,
            *(template.format(value) for template, value in secrets),
            f"Thanks, {name}!",
            *(f"{part} said so." for part in name.split()),
        ]
        rng.shuffle(lines)
        redacted = redactor.redact(" ".join(lines))
        for template, value in secrets:
            assert value not in redacted, (template, redacted)
            digits = re.sub(r"\D", "", value)
            assert len(digits) < 6 or digits not in re.sub(r"\D", "", redacted), redacted
        for part in (name, *name.split()):
            assert not re.search(rf"(?<!\w){re.escape(part)}(?!\w)", redacted), redacted
        words = [word for sentence in plain for word in sentence.split()]
        total += len(words)
        kept += sum(word in redacted for word in words)
    assert kept / total >= 0.95, kept / total


def test_the_same_value_gets_the_same_placeholder() -> None:
    redactor = Redactor(["Ann Lee"])
    first = redactor.redact("Ann Lee: ann@example.com or bo@example.com")
    second = redactor.redact("ANN@example.com, said Ann")
    assert first == "[PERSON_1]: [EMAIL_1] or [EMAIL_2]"
    assert second == "[EMAIL_1], said [PERSON_1]"


def test_words_that_are_names_too_stay_words() -> None:
    redactor = Redactor(["Will Young", "Bo Do", "Maria"])
    text = "I will call Will before long. So maria and Young Bo: do you know, said Do?"
    assert redactor.redact(text) == (
        "I will call [PERSON_3] before long. So [PERSON_2] and [PERSON_3] [PERSON_1]:"
        " do you know, said Do?"
    )


@pytest.mark.parametrize(
    ("label", "expected"),
    [("Agent", False), ("Speaker 1", False), ("Customer", False), ("Ann", True), ("李雷", True)],
)
def test_labels_that_are_names(label: str, expected: bool) -> None:
    assert is_person(label) is expected


def test_checksums() -> None:
    assert is_card("4111 1111 1111 1111")
    assert not is_card("4111 1111 1111 1112")
    assert is_iban("DE89370400440532013000")
    assert not is_iban("DE89370400440532013001")
