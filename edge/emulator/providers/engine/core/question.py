"""Form of a sentence: statement, open question or closed (yes/no) question."""

from enum import StrEnum

from edge.emulator.providers.engine.core.sentence import Sentence

_ENGLISH_OPEN_WORDS = (
    "what how why which who where when whose what's how's who's where's when's why's"
)
# Spanish, German, French, Portuguese: those that are no English words.
_OTHER_OPEN_WORDS = (
    "qué cómo cuál cuáles cuánto cuánta cuántos cuántas quién quiénes dónde cuándo"
    " wie warum wieso wer wo wann welche welcher welches welchen wieviel woran wofür"
    " comment pourquoi combien quel quelle quels quelles où quand quoi"
    " como qual quais quanto quantos quem onde quando porque"
)
_OPEN_WORDS = frozenset([*_ENGLISH_OPEN_WORDS.split(), *_OTHER_OPEN_WORDS.split()])
_OPEN_REQUESTS = (
    " tell me ",
    " tell us ",
    " walk me ",
    " walk us ",
    " help me understand ",
    " describe ",
)
_CLOSED_WORDS_TEXT = """
is are was were am do does did have has had can could will would should may might isn't aren't
don't doesn't didn't haven't hasn't can't couldn't won't wouldn't shouldn't
"""
_CLOSED_WORDS = frozenset(_CLOSED_WORDS_TEXT.split())
_FILLERS_TEXT = "and so but well okay ok um uh then right also now alright great got it"
_FILLERS = frozenset(_FILLERS_TEXT.split())
_SUBJECTS_TEXT = "you your i we they it he she that this there the"
_SUBJECTS = frozenset(_SUBJECTS_TEXT.split())
_FILLERS_SKIPPED = 3
_OPEN_WORD_REACH = 8


class Form(StrEnum):
    """Form of a sentence, or the form that a lexicon entry requires."""

    ANY = "any"
    OPEN_QUESTION = "open_question"
    CLOSED_QUESTION = "closed_question"
    QUESTION = "question"
    STATEMENT = "statement"

    @property
    def is_question(self) -> bool:
        return self in {Form.OPEN_QUESTION, Form.CLOSED_QUESTION, Form.QUESTION}

    def fits(self, needed: "Form") -> bool:
        """True if a sentence of this form satisfies the required form."""
        if needed is Form.ANY or needed is self:
            return True
        return needed is Form.QUESTION and self.is_question


def classify_form(sentence: Sentence) -> Form:
    """Classify a sentence, also if its question mark is missing."""
    words = _without_fillers(sentence.words)
    has_mark = sentence.text.rstrip("\"'\u201d\u2019)]").endswith(("?", "\uff1f"))
    if not has_mark:
        return _classify_unmarked(words, sentence)
    asks_openly = any(word in _OPEN_WORDS for word in words[:_OPEN_WORD_REACH])
    if words and words[0] in _CLOSED_WORDS:
        return Form.CLOSED_QUESTION
    if asks_openly or any(request in sentence.phrase for request in _OPEN_REQUESTS):
        return Form.OPEN_QUESTION
    return Form.CLOSED_QUESTION


def _classify_unmarked(words: tuple[str, ...], sentence: Sentence) -> Form:
    """Classify without a mark, which speech recognition drops: by inversion or an open request."""
    if any(sentence.phrase.startswith(request) for request in _OPEN_REQUESTS):
        return Form.OPEN_QUESTION
    if len(words) < len(("what", "do", "you", "think")) or sentence.text.rstrip().endswith(
        (".", "!")
    ):
        return Form.STATEMENT
    if words[0] in _OPEN_WORDS and (words[1] in _CLOSED_WORDS or words[2] in _CLOSED_WORDS):
        return Form.OPEN_QUESTION
    if words[0] in _CLOSED_WORDS and words[1] in _SUBJECTS:
        return Form.CLOSED_QUESTION
    return Form.STATEMENT


def _without_fillers(words: tuple[str, ...]) -> tuple[str, ...]:
    skipped = 0
    while skipped < min(_FILLERS_SKIPPED, len(words)) and words[skipped] in _FILLERS:
        skipped += 1
    return words[skipped:]
