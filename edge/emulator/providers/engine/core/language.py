"""Recognition of a text's language by its script or its small words."""

import re
from collections import Counter
from typing import Final

KNOWN: Final = ("English", "Spanish", "German", "French", "Portuguese")
_SCRIPTS: Final = (
    ("Japanese", re.compile("[\u3040-\u30ff]")),
    ("Korean", re.compile("[\uac00-\ud7af]")),
    ("Chinese", re.compile("[\u4e00-\u9fff]")),
    ("Russian or another Cyrillic language", re.compile("[\u0400-\u04ff]")),
    ("Arabic", re.compile("[\u0600-\u06ff]")),
    ("Hebrew", re.compile("[\u0590-\u05ff]")),
    ("Greek", re.compile("[\u0370-\u03ff]")),
    ("Hindi", re.compile("[\u0900-\u097f]")),
    ("Thai", re.compile("[\u0e00-\u0e7f]")),
)
_SMALL_WORDS: Final = {
    "English": "the and you that is it to of we for have are this with what would not i can do be",
    "Spanish": "que el la los las es un una por para con no nos su como pero le lo muy más del se",
    "German": "der die das und ist nicht sie ich wir ein eine zu mit für auf den es uns haben aber",
    "French": "le la les des est vous nous et pas que une un pour dans je ce avec plus sur votre",
    "Portuguese": "que o os as é um uma para com não nos por mais seu sua você do da em como muito",
    "Italian": "che il lo la gli è un una per con non di del della sono mi ci ma anche più come",
    "Dutch": "de het een en is niet dat ik we u van voor met op zijn hebben maar wij ook te jullie",
    "Polish": "nie się na jest to że w z do i co jak ale dla mamy czy za tak po już mnie",
    "Swedish": "och att det är inte jag vi en ett på för med som har till men av om ni kan",
    "Danish": "og at det er ikke jeg vi en et på for med som har til men af om kan der",
    "Turkish": "bir ve bu için çok ne var da de biz ama daha gibi değil ben siz olarak kadar",
    "Czech": "je se na to že v a ne do jak ale pro máme si za tak po už mi jsem",
    "Romanian": "și nu este de la cu pe un o în ce mai pentru care dar sunt avem noi să",
    "Finnish": "ja on ei se että mutta me niin kun mitä olen meillä ole kanssa joka hän tai",
    "Hungarian": "és a az nem is hogy van egy de meg ez mi még csak kell vagy mint már",
    "Indonesian": "yang dan di tidak ini itu untuk dengan kami ada saya anda dari bisa apa akan",
    "Vietnamese": "và là của không có cho tôi được các này với chúng những một anh thì đã",
}
_WORDS: Final = {name: frozenset(text.split()) for name, text in _SMALL_WORDS.items()}
_WORD: Final = re.compile(r"[^\W\d_]+")
_SAMPLE: Final = 20_000  # characters
_FEWEST_LETTERS: Final = 20
_FEWEST_WORDS: Final = 8
_SCRIPT_SHARE: Final = 0.2
_SMALL_WORD_SHARE: Final = 0.12


def recognize_language(text: str) -> str | None:
    """Return the language's English name, None if the text is too short or mixed to tell."""
    sample = text[:_SAMPLE]
    letters = sum(map(str.isalpha, sample))
    if letters < _FEWEST_LETTERS:
        return None
    for name, script in _SCRIPTS:
        if len(script.findall(sample)) >= letters * _SCRIPT_SHARE:
            return name
    words = _WORD.findall(sample.casefold())
    if len(words) < _FEWEST_WORDS:
        return None
    counts: Counter[str] = Counter()
    for name, small in _WORDS.items():
        counts[name] = sum(word in small for word in words)
    name, count = counts.most_common(1)[0]
    return name if count >= len(words) * _SMALL_WORD_SHARE else None


def describe_unknown(text: str) -> str | None:
    """Return a sentence that names the language and the known ones, if it is none of these."""
    language = recognize_language(text)
    if language is None or language in KNOWN:
        return None
    known = f"{', '.join(KNOWN[:-1])} and {KNOWN[-1]}"
    return (
        f"This text looks like {language}. The local models know {known}; of other languages they"
        " only quote and count. Set OPENAI_API_KEY and ANTHROPIC_API_KEY for models that know it."
    )
