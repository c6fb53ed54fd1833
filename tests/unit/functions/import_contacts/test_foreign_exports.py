"""Exports of CRMs in German, French, Spanish and Portuguese, and what lists add to numbers."""

import pytest

from functions.import_contacts.headers import field_of, find_phone_name
from shared.errors import BadInputError
from tests.support.contact_lists import contacts, phones

EXPORTS = {
    "Outlook, German": (
        "Vorname,Nachname,Firma,Land/Region geschäftlich,Haupttelefon,E-Mail-Adresse\n"
        "Eva,Kurz,Blau,Deutschland,030 901820,e@x.de\n",
        "+4930901820",
    ),
    "Outlook, French": (
        "Prénom,Nom,Société,Pays/Région (bureau),Tél. mobile,Adresse de messagerie\n"
        "Zoé,Petit,Bleu,France,06 12 34 56 78,z@x.fr\n",
        "+33612345678",
    ),
    "Outlook, Spanish": (
        "Nombre,Apellidos,Organización,País o región del trabajo,Teléfono móvil,Correo\n"
        "Luz,Gil,Azul,España,612 34 56 78,z@x.es\n",
        "+34612345678",
    ),
    "Outlook, Portuguese": (
        "Nome,Sobrenome,Empresa,País comercial,Telefone celular,Endereço de email\n"
        "Rui,Sá,Azul,Brasil,(11) 98765-4321,z@x.br\n",
        "+5511987654321",
    ),
    "HubSpot, Portuguese": (
        "ID do registro,Nome,Sobrenome,Empresa,E-mail,Número do celular,País/região\n"
        "9,Rui,Sá,Azul,z@x.br,(11) 98765-4321,Brasil\n",
        "+5511987654321",
    ),
    "Salesforce, German": (
        "Vorname;Nachname;Telefon;Mobil;Nicht anrufen;Accountname;E-Mail;Postanschrift (Land)\n"
        "Eva;Kurz;030 901820;;0;Blau;e@x.de;Deutschland\n",
        "+4930901820",
    ),
    "Salesforce, French": (
        "Prénom;Nom;Téléphone;Ne pas appeler;Nom du compte;E-mail;Pays (adresse postale)\n"
        "Zoé;Petit;01 42 68 53 00;0;Bleu;z@x.fr;France\n",
        "+33142685300",
    ),
    "Zoho, Spanish": (
        "Nombre,Apellidos,Nombre de Cuenta,Correo electrónico,Teléfono,País de correspondencia\n"
        "Luz,Gil,Azul,z@x.es,915555555,España\n",
        "+34915555555",
    ),
    "Pipedrive, French": (
        "Personne - Nom,Personne - Organisation,Personne - E-mail - Travail,"
        "Personne - Téléphone - Mobile,Pays\nZoé Petit,Bleu,z@x.fr,06 12 34 56 78,France\n",
        "+33612345678",
    ),
    "Pipedrive, Portuguese": (
        "Pessoa - Nome,Pessoa - Organização,Pessoa - E-mail - Trabalho,"
        "Pessoa - Telefone - Celular,País\nRui Sá,Azul,z@x.br,(11) 98765-4321,Brasil\n",
        "+5511987654321",
    ),
}


@pytest.mark.parametrize("origin", EXPORTS)
def test_an_export_is_read_with_the_country_of_its_rows(origin: str) -> None:
    text, phone = EXPORTS[origin]

    (contact,) = contacts(text.encode(), "csv", "US")

    assert contact["phone"] == phone
    assert {contact["name"], contact["company"], contact["email"]} <= {
        "Eva Kurz", "Zoé Petit", "Luz Gil", "Rui Sá", "Blau", "Bleu", "Azul", "e@x.de", "z@x.fr",
        "z@x.es", "z@x.br",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "rank"),
    [("Haupttelefon", 1), ("Diensthandy", 0), ("Autotelefon", 7), ("Número do celular", 0)],
)
def test_compounds_and_prepositions_name_phones(header: str, rank: int) -> None:
    name = find_phone_name(header)

    assert name is not None
    assert (name.rank, name.is_weak) == (rank, False)


@pytest.mark.parametrize("header", ["Country of birth", "Contact Owner", "Phone - do not use"])
def test_other_names_are_not_taken_for_fields(header: str) -> None:
    assert field_of(header) is None
    assert find_phone_name(header) is None


def test_a_list_without_a_header_line_loses_no_contact_silently() -> None:
    with pytest.raises(BadInputError) as caught:
        contacts(b"Ada,+12125550123\nBo,+12125550124\n", "csv", "US")

    assert caught.value.code == "NO_HEADER"


def test_what_lists_write_beside_a_number() -> None:
    assert phones("Name,Phone\nA,(212) 555-0123 (mobile)\n") == ["+12125550123"]
    assert phones("Name,Phone\nA,212-555-0123 (Privat)\n") == ["+12125550123"]


@pytest.mark.parametrize("text", ["#REF!", "21255501.25", '"21255501,5"', "2.12555012E9"])
def test_what_a_spreadsheet_left_of_a_number_is_damaged(text: str) -> None:
    (error,) = contacts(f"Name,Phone\nA,{text}\n".encode(), "csv", "US")

    assert "is damaged" in error["problem"]


@pytest.mark.parametrize(
    ("column", "listed", "free"),
    [
        ("TPS", "Registered", "Not registered"),
        ("Bloctel", "Inscrit", "Non inscrit"),
        ("Robinsonliste", "eingetragen", "nicht eingetragen"),
        ("Bel-me-niet", "ingeschreven", "niet ingeschreven"),
    ],
)
def test_registers_say_who_is_on_them(column: str, listed: str, free: str) -> None:
    rows = f"Name,Phone,{column}\nA,+12125550123,{listed}\nB,+12125550124,{free}\n"

    blocked, called = contacts(rows.encode(), "csv", "US")

    assert blocked["do_not_call"] == ["+12125550123"]
    assert (called["phone"], called.get("do_not_call")) == ("+12125550124", None)
