"""Languages are recognised, and the ones that the lexicons do not know are named."""

import subprocess
import sys

import pytest

from edge.emulator.providers.engine.core.conversation import parse_conversation
from edge.emulator.providers.engine.core.language import describe_unknown, recognize_language
from edge.emulator.providers.engine.drafts.sales.reading import read_sales_conversation
from edge.emulator.providers.engine.drafts.sales.report import render_report

SPANISH = """Vendedora: Buenos días, soy Laura. ¿Qué les cuesta el retraso cada semana?
Cliente: Unas diez horas. Pero la verdad, es demasiado caro para nosotros.
Vendedora: Lo entiendo. ¿Comparamos el precio con el coste del retraso?
Cliente: Tengo que hablarlo con mi jefe."""
GERMAN = """Beraterin: Guten Tag, wie läuft es bei Ihnen mit den Rechnungen?
Kunde: Es kostet uns zehn Stunden. Ehrlich gesagt, das ist uns zu teuer.
Beraterin: Das verstehe ich. Vergleichen wir den Preis mit den Kosten der Verzögerung?
Kunde: Das muss ich mit meinem Chef besprechen."""
FRENCH = """Vendeuse : Bonjour, combien vous coûte le retard chaque semaine ?
Client : Dix heures. Franchement, c'est trop cher pour nous.
Vendeuse : Je comprends. On peut comparer le prix avec le coût du retard ?
Client : Je dois en parler à mon directeur."""
PORTUGUESE = """Vendedora: Bom dia, quanto custa o atraso por semana?
Cliente: Umas dez horas. Sinceramente, é muito caro para nós.
Vendedora: Entendo. Podemos comparar o preço com o custo do atraso?
Cliente: Tenho que falar com o meu chefe."""
JAPANESE = (
    "営業：来週のご予定はいかがですか。\n顧客：ただ、正直に言って高すぎます。\n営業：なるほど。"
)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("Spanish", SPANISH),
        ("German", GERMAN),
        ("French", FRENCH),
        ("Portuguese", PORTUGUESE),
        ("Japanese", JAPANESE),
        ("English", "Rep: What does the delay cost you each week? Buyer: It is too much for us."),
        ("Chinese", "销售：你们每周损失多少时间？客户：大概十个小时，但是太贵了，我得问老板。"),
        ("Italian", "Non so se è il momento giusto per noi, ma ci piace molto come lo fate voi."),
        (None, "OK."),
    ],
)
def test_a_language_is_recognised(language: str | None, text: str) -> None:
    assert recognize_language(text) == language


def test_a_language_that_is_not_known_is_named_with_those_that_are() -> None:
    notice = describe_unknown(JAPANESE)

    assert notice
    assert notice.startswith(
        "This text looks like Japanese. The local models know English, Spanish"
    )
    assert describe_unknown(SPANISH) is None
    assert notice in render_report(read_sales_conversation(JAPANESE))


@pytest.mark.parametrize(
    ("text", "price"),
    [
        (SPANISH, "demasiado caro"),
        (GERMAN, "zu teuer"),
        (FRENCH, "trop cher"),
        (PORTUGUESE, "muito caro"),
    ],
)
def test_objections_are_found_in_the_known_languages(text: str, price: str) -> None:
    reading = read_sales_conversation(text)

    assert reading.is_sale
    assert len(reading.roles.sellers) == len(reading.roles.buyers) == 1
    found = {each.entry.key: each.text for each in reading.objections}
    assert price in found["price"]
    assert "authority" in found


def test_full_width_colons_end_labels() -> None:
    turns = parse_conversation(JAPANESE).turns

    assert [turn.speaker for turn in turns] == ["営業", "顧客", "営業"]


def test_scores_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "from edge.emulator.providers.engine.drafts.sales.reading import read_sales_conversation\n"
        "from pathlib import Path\n"
        "reading = read_sales_conversation(Path('samples/discovery_call.txt').read_text())\n"
        "print([reading.weights.score(s) for s in reading.conversation.sentences])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }

    assert len(outputs) == 1
