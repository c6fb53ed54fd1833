"""Columns that say whether a person may be called."""

import pytest

from tests.support.contact_lists import contacts

NUMBER = "+12125550123"
BLOCKING = """Do Not Call|DNC|DoNotCall|do_not_call|Do-Not-Call|DO NOT CALL?
|Don't call|dnc_flag|Is DNC
|On DNC list|DNC Status|Has Opted Out|HasOptedOut|Opt Out|Opted out|opt-out|optout
|Call Opt Out|Phone Opt Out|Unsubscribed|unsubscribe|Do not contact|doNotContact|No calls
|Never call|DND|Suppressed|Blacklisted|TPS|Nicht anrufen|Anrufsperre|Kontaktsperre
|Werbesperre|Keine Anrufe|Gesperrt|Bitte nicht anrufen|Ne pas appeler|Ne plus contacter
|Bloctel|Opposition|Désabonné|No llamar|No contactar|Lista Robinson|Não ligar|Não contatar
|Não perturbe|Descadastrado|Non chiamare|Non contattare|Registro opposizioni|Niet bellen
|Bel me niet|Afgemeld|Consent revoked|No longer call|Do Not Phone|Can't call""".replace(
    "\n", ""
).split("|")
CONSENTS = """OK to call|Okay to call|Can call|May we call|Call permission
|Permission to call|Consent
|Call consent|Opt in|Opted In|OptIn|opt-in|Subscribed|Phone consent|Allow calls|Callable
|Contactable|TCPA consent|Calls allowed|Einwilligung|Anruf erlaubt|Darf angerufen werden
|Zustimmung|Consentement|Consentimiento|Puede llamar|Acepta llamadas|Consentimento
|Pode ligar|Aceita ligações|Consenso|Toestemming|Mag gebeld worden|Not opted out""".replace(
    "\n", ""
).split("|")
OTHERS = """HasOptedOutOfEmail|Email Opt Out|Unsubscribed from all email|Fax Opt Out
|HasOptedOutOfFax
|Newsletter subscribed|Email consent|SMS opt in|Notes|Last call|Call notes|Number of calls
|Phone type|Status|Consent date|Call result|Contact owner|Called|Next call
|Preferred call time""".replace("\n", "").split("|")
YES = [
    "1",
    "TRUE",
    "true",
    "yes",
    "YES",
    "Y",
    "x",
    "X",
    "✓",
    "☑",
    "ja",
    "wahr",
    "oui",
    "VRAI",
    "sí",
    "verdadero",
    "sim",
    "vero",
    "waar",
    "on",
    "1.0",
    "-1",
    "DNC",
    "2024-05-01",
    "01.05.2024",
    "Do not call",
    "Opted out",
]
NO = [
    "0",
    "FALSE",
    "no",
    "N",
    "nein",
    "falsch",
    "non",
    "FAUX",
    "falso",
    "não",
    "nee",
    "",
    "-",
    "0.0",
    "none",
]


def blocked(header: str, value: str) -> bool | None:
    """Return whether the row lists its number, None if it is refused."""
    (row,) = contacts(f"Name\tPhone\t{header}\nAda\t{NUMBER}\t{value}\n")
    return None if "problem" in row else "do_not_call" in row


@pytest.mark.parametrize("header", BLOCKING)
def test_yes_in_such_a_column_forbids_calls(header: str) -> None:
    assert [blocked(header, value) for value in ("1", "TRUE", "no", "0")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "header",
    [
        "Do not allow Phone Calls",
        "Does not accept calls",
        "N'accepte pas les appels",
        "Non accetta chiamate",
        "No permite llamadas",
        "Não permite ligações",
        "Einwilligung nicht erteilt",
        "Geen toestemming",
    ],
)
def test_a_negated_consent_forbids_calls(header: str) -> None:
    values = ("yes", "1", "Do Not Allow", "not allowed", "no", "0", "Allow", "")

    assert [blocked(header, value) for value in values] == [True] * 4 + [False] * 4


@pytest.mark.parametrize("header", CONSENTS)
def test_no_in_a_column_of_consent_forbids_calls(header: str) -> None:
    assert [blocked(header, value) for value in ("no", "false", "yes", "1", "")] == [
        True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("header", OTHERS)
def test_other_columns_say_nothing_of_calls(header: str) -> None:
    assert [blocked(header, value) for value in ("1", "yes", "no", "0")] == [False] * 4


@pytest.mark.parametrize("value", YES)
def test_each_spelling_of_yes_is_understood(value: str) -> None:
    assert blocked("Do Not Call", value) is True


@pytest.mark.parametrize("value", NO)
def test_each_spelling_of_no_is_understood(value: str) -> None:
    assert blocked("Do Not Call", value) is False


@pytest.mark.parametrize(
    ("header", "value"), [("DNC", "maybe"), ("OK to call", "ask Bob"), ("DNC", "7")]
)
def test_an_unclear_value_is_refused(header: str, value: str) -> None:
    assert blocked(header, value) is None


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Tags", "vip; DNC"),
        ("Lead Status", "Do Not Call"),
        ("Status", "Unsubscribed"),
        ("Notes", "Do not call!"),
        ("Labels", "* myContacts ::: * do-not-call"),
        ("Liste", "nicht anrufen"),
        ("DNC date", "2024-05-01"),
        ("Opt-out reason", "asked us by mail"),
        ("Consent", "withdrawn"),
    ],
)
def test_other_values_that_say_it_are_heard(header: str, value: str) -> None:
    assert blocked(header, value) is True


@pytest.mark.parametrize(
    "text",
    [
        '[{"phone": "+12125550123", "do_not_call": true}]',
        '[{"phone": "+12125550123", "doNotCall": 1}]',
        '[{"phone": "+12125550123", "preferences": {"dnc": "Y"}}]',
        '[{"phone": "+12125550123", "ok_to_call": false}]',
        '[{"phone": "+12125550123", "tags": ["vip", "DNC"]}]',
    ],
)
def test_json_says_it_as_well(text: str) -> None:
    assert contacts(text, "json") == [{"line": 1, "phone": NUMBER, "do_not_call": [NUMBER]}]


def test_all_numbers_of_the_person_are_listed() -> None:
    (row,) = contacts(f"Mobile,Work,Home phone,DNC\n{NUMBER},x,+12125550124 ::: +12125550125,yes\n")

    assert row["do_not_call"] == [NUMBER, "+12125550124", "+12125550125"]
