"""Lists as CRMs and spreadsheets export them: which number of each row is called, and whose."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.contact_lists import contacts, listing, phones

LISTS = Path(__file__).with_name("lists")
NUMBER = "+12125550123"


def read(name: str, region: str = "US") -> list[dict[str, Any]]:
    content = (LISTS / name).read_bytes()
    return contacts(content, "json" if name.endswith(".json") else "csv", region)


def summarize(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row.get("phone"), row.get("name")) for row in found]


def test_the_country_of_a_row_is_the_country_of_its_number() -> None:
    assert summarize(read("countries.csv")) == [
        ("+525512345678", "Luis Diaz"),
        ("+919876543210", "Asha Rao"),
        ("+4930901820", "Eva Kurz"),
        ("+12125550123", "Tom Ray"),
    ]


def test_a_record_number_is_no_phone_number() -> None:
    (contact,) = read("customer_numbers.csv")

    assert (contact["phone"], contact["variables"]) == (NUMBER, {"Number": "2025550101"})


def test_numbers_without_plus_are_never_those_of_another_country() -> None:
    german = read("german_without_plus.csv", "DE")

    assert phones((LISTS / "german_without_plus.csv").read_bytes()) == [None] * 4
    assert summarize(german[:3]) == [
        ("+4915123456789", "Eva"),
        ("+4930901820", "Jan"),
        ("+498912345678", "Uwe"),
    ]
    assert "ambiguous: +49436641234567 or +436641234567?" in german[3]["problem"]


@pytest.mark.parametrize("name", ["nameless_columns.csv", "separator_line.csv"])
def test_lists_of_spreadsheets_are_read(name: str) -> None:
    assert summarize(read(name)) == [(NUMBER, "Ada")]


def test_google_contacts_are_read_with_the_mobile_number() -> None:
    (contact,) = read("google_contacts.csv")

    assert (contact["phone"], contact["name"], contact["company"], contact["email"]) == (
        NUMBER, "Ada Stone", "Blue Fir", "ada@example.com",
    )  # fmt: skip


def test_the_label_of_a_number_says_which_is_mobile() -> None:
    header = "Name,Phone 1 - Type,Phone 1 - Value,Phone 2 - Type,Phone 2 - Value\n"

    assert phones(header + "A,Work Fax,+12125550120,Home,+12125550121\n") == ["+12125550121"]
    assert phones(header + "A,Work,+12125550120,* Mobile,+12125550121\n") == ["+12125550121"]


def test_numbers_that_a_spreadsheet_changed_are_refused_with_the_cure() -> None:
    found = read("exponents.csv")

    assert [row["line"] for row in found] == [2, 3, 4, 5]
    for row in found:
        assert "is damaged: a spreadsheet changed the phone number" in row["problem"]
        assert "Format its column as text" in row["problem"]


def test_nested_json_is_read() -> None:
    found = read("nested.json")

    assert summarize(found) == [
        ("+12125550123", "Ada"), ("+12125550124", "Bob"), ("+12125550125", "Cy"), (None, None),
        ("+12125550126", "Ed"),
    ]  # fmt: skip
    assert found[0]["variables"] == {"tags": "vip", "address.city": "X", "vip": "true"}
    assert "damaged" in found[3]["problem"]


def test_who_is_not_to_be_called_is_listed() -> None:
    assert read("salesforce.csv")[0] == {
        "line": 2, "phone": "+12125550191", "do_not_call": ["+12125550191"],
    }  # fmt: skip
    assert read("salesforce.csv")[1]["name"] == "Bob Reed"


@pytest.mark.parametrize(
    "header",
    """Phone #|Phone No.|Phone No|Contact Number|Cell Phone|Mobile Number|Telephone Number
|Primary Phone|Work Phone|Business Phone|Direct Dial|Direct Phone|Phone (Mobile)
|Mobile Phone|Phone1|MobilePhone|Phone Number|Telephone|Tel.|Tel. No.|Cell|Cell #
|mobile_number|phoneNumber|Home Phone|Other Phone|Telefon|Telefonnummer|Handy|Handynummer
|Mobil|Mobiltelefon|Rufnummer|Telefon (geschäftlich)|Tel. privat|Festnetz|Durchwahl
|Téléphone|Numéro de téléphone|Portable|Tél. mobile|Mobile 1|Numéro de portable|Teléfono
|Teléfono móvil|Móvil|Número de teléfono|Celular|Telefone|Telemóvel|Número de telefone
|Celular 1|Telefono|Cellulare|Telefono cellulare|Numero di telefono|Telefoon|Telefoonnummer
|Mobiel|Mobiel nummer|Person - Phone - Work|Phone Number 1|Company Phone|Main Phone|WhatsApp
|Numer telefonu|Телефон|電話番号|手机|number|Number|Nummer|Contact"Phone"|Phone;Number""".replace(
        "\n", ""
    ).split("|"),
)
def test_columns_of_phone_numbers_are_recognized(header: str) -> None:
    quoted = '"' + header.replace('"', '""') + '"'

    (contact,) = contacts(f"Name,{quoted}\nAda Stone,{NUMBER}\n")

    assert (contact.get("phone"), contact.get("name")) == (NUMBER, "Ada Stone"), contact


@pytest.mark.parametrize(
    "header",
    [
        "Fax",
        "Phone Type",
        "Telefonart",
        "Record ID",
        "Customer Number",
        "Order No",
        "Phone Extension",
        "Phone Country",
        "Last Phone Call",
        "Pager",
        "Business Fax",
        "Telefax",
        "Phonetic Name",
    ],
)
def test_other_columns_are_not(header: str) -> None:
    assert phones(f"{header},Phone\n2025550199,{NUMBER}\n") == [NUMBER]


def test_a_column_is_chosen_by_its_values_if_no_name_fits() -> None:
    assert phones("Client,Reach at\nAda,+1 212 555 0123\nBob,+1 212 555 0124\n") == [
        "+12125550123", "+12125550124",
    ]  # fmt: skip
    assert phones("Phone,Handy\n,+12125550123\nyes,+12125550124\n") == [
        "+12125550123", "+12125550124",
    ]  # fmt: skip


def test_the_mobile_number_comes_first_and_another_where_it_is_missing_or_invalid() -> None:
    found = phones(
        "Name,Home Phone,Business Phone,Mobile Phone\n"
        "A,+12125550101,+12125550102,+12125550103\n"
        "B,+12125550101,+12125550102,\n"
        "C,+12125550101,,12\n"
    )

    assert found == ["+12125550103", "+12125550102", "+12125550101"]


@pytest.mark.parametrize(
    "cell",
    [
        "+12125550123 ::: +12125550124",
        "+12125550123; +12125550124",
        "+12125550123, +12125550124",
        "+12125550123 / +12125550124",
        '"+12125550123\n+12125550124"',
        "+12125550123 or +12125550124",
        "n/a; +12125550123",
        "12 ; +12125550123",
    ],
)
def test_a_cell_may_hold_several_numbers(cell: str) -> None:
    assert phones(f"Name\tPhone\nAda\t{cell}\n") == [NUMBER]


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("First Name,Last Name", "Ada,Stone", "Ada Stone"),
        ("Vorname,Nachname", "Ada,Stone", "Ada Stone"),
        ("Vorname,Name", "Ada,Stone", "Ada Stone"),
        ("Nom,Prénom", "Stone,Ada", "Ada Stone"),
        ("Nombre,Apellidos", "Ada,Stone", "Ada Stone"),
        ("Nome,Sobrenome", "Ada,Stone", "Ada Stone"),
        ("Nome,Cognome", "Ada,Stone", "Ada Stone"),
        ("Voornaam,Achternaam", "Ada,Stone", "Ada Stone"),
        ("Nombre completo,Empresa", "Ada Stone,Blue", "Ada Stone"),
        ("Given Name,Family Name", "Ada,Stone", "Ada Stone"),
        ("Person - Name,Organization - Name", "Ada Stone,Blue", "Ada Stone"),
        ("Ansprechpartner,Firma", "Ada Stone,Blue", "Ada Stone"),
    ],
)
def test_names_are_found_in_each_language(header: str, row: str, name: str) -> None:
    (contact,) = contacts(f"{header},Phone\n{row},{NUMBER}\n")

    assert contact["name"] == name


@pytest.mark.parametrize(
    ("country", "number", "phone"),
    [
        ("Deutschland", "030 901820", "+4930901820"), ("DEU", "030/901820", "+4930901820"),
        ("Allemagne", "030 901820", "+4930901820"), ("+49", "30 901820", "+4930901820"),
        ("UK", "020 7946 0000", "+442079460000"), ("Reino Unido", "020 7946 0000", "+442079460000"),
        ("France", "06 12 34 56 78", "+33612345678"), ("España", "612 34 56 78", "+34612345678"),
        ("Brasil", "(11) 91234-5678", "+5511912345678"), ("mx", "55 1234 5678", "+525512345678"),
        ("U.S.A.", "212 555 0123", "+12125550123"), ("", "212 555 0123", "+12125550123"),
        ("Österreich", "436641234567", "+436641234567"), ("Atlantis", "+1 212 555 0123", NUMBER),
        ("Atlantis", "212 555 0123", None), ("Germany", "49309018200000000", None),
        ("Mexico", "212 555 01", None),
    ],
)  # fmt: skip
def test_the_row_names_its_country(country: str, number: str, phone: str | None) -> None:
    assert phones(f"Phone;Country\n{number};{country}\n") == [phone]


def test_a_title_above_the_header_is_skipped() -> None:
    found = contacts(f"Customers of 2026,,\n,,\nName,Phone,\nAda,{NUMBER},\n")

    assert [(row["line"], row["phone"]) for row in found] == [(4, NUMBER)]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-16-le", "\ufeff"), ("utf-16-be", "\ufeff"), ("utf-16-le", ""), ("utf-16-be", ""),
     ("utf-8", "\ufeff"), ("utf-8", ""), ("cp1252", "")],
)  # fmt: skip
def test_encodings_are_recognized(encoding: str, mark: str) -> None:
    text = f"{mark}Name\tTéléphone\r\nZoë Müller\t{NUMBER}\r\n"
    read = listing(text.encode(encoding))

    (contact,) = read.read_batch()

    assert (contact["name"], contact["phone"]) == ("Zoë Müller", NUMBER)
    assert bool(read.source.notices) == (encoding == "cp1252")


@pytest.mark.parametrize(
    "text",
    [
        f'{{"phone": "{NUMBER}"}}\n{{"phone": "{NUMBER}"}}\n',
        f'{{"records": [{{"Phone": "{NUMBER}"}}, {{"MobilePhone": "{NUMBER}"}}], "done": true}}',
        f'{{"data": {{"contacts": [{{"phone": "{NUMBER}"}}, {{"tel": "{NUMBER}"}}]}}}}',
        f'{{"results": [{{"id": "1", "properties": {{"phone": "{NUMBER}"}}}}, {{"phones":'
        f' [{{"type": "mobile", "number": "{NUMBER}"}}]}}]}}',
        f'[{{"phone": [{{"value": "{NUMBER}", "primary": true}}]}}, {{"phone": 12125550123}}]',
    ],
)
def test_json_of_apis_and_json_lines_are_read(text: str) -> None:
    assert phones(text, "json") == [NUMBER, NUMBER]


def test_one_object_is_one_contact() -> None:
    assert phones(f'{{"phone": "{NUMBER}", "tags": ["a"]}}\n', "json") == [NUMBER]


def test_a_dry_run_shows_how_columns_and_ten_rows_are_read() -> None:
    rows = "".join(f"Ada {n},(212) 555-01{n:02},x,{n % 2}\n" for n in range(15))
    read = listing("Name,Phone #,Plan,Do Not Call\n" + rows + "Eve,12,,\n")

    preview = read.preview()

    assert [(column["column"], column["read_as"]) for column in preview["columns"]] == [
        ("Name", "name"),
        ("Phone #", "phone"),
        ("Plan", "variable"),
        ("Do Not Call", "do_not_call"),
    ]
    assert [row["line"] for row in preview["preview"]] == list(range(2, 12))
    assert [row["do_not_call"] for row in preview["preview"][:2]] == [False, True]
    assert (read.tally.rows, read.tally.invalid, read.tally.blocked) == (16, 1, 7)
