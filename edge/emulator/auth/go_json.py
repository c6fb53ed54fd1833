"""Describe what is wrong with a JSON text in the words of Go's decoder, as GoTrue's errors do."""

from typing import Final

_SPACE: Final = " \t\r\n"
_LITERALS: Final = {"t": "true", "f": "false", "n": "null"}
_END: Final = "unexpected end of JSON input"
_MAX_DEPTH: Final = 10000


class _InvalidError(Exception):
    """Carries Go's message."""


def describe_syntax_error(raw: bytes) -> str | None:
    """Return Go's message for the first syntax error of `raw`; None if it is valid."""
    scanner = _Scanner(raw.decode("utf-8", "replace"))
    try:
        scanner.document()
    except _InvalidError as exc:
        return str(exc)
    return None


class _Scanner:
    """Walks the text once, with a stack of open brackets instead of recursion."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def document(self) -> None:
        stack: list[str] = []
        wants_value = True
        while wants_value or stack:
            wants_value = self._value(stack) if wants_value else self._after_value(stack)
        if (char := self._peek()) is not None:
            raise self._unexpected(char, "after top-level value")

    def _peek(self) -> str | None:
        while self._at < len(self._text) and self._text[self._at] in _SPACE:
            self._at += 1
        return self._text[self._at] if self._at < len(self._text) else None

    def _next(self) -> str:
        char = self._peek()
        if char is None:
            raise _InvalidError(_END)
        self._at += 1
        return char

    def _raw(self) -> str:
        if self._at >= len(self._text):
            raise _InvalidError(_END)
        self._at += 1
        return self._text[self._at - 1]

    def _value(self, stack: list[str]) -> bool:
        """Skip a value, or enter it; returns whether a value must follow."""
        char = self._next()
        if char in "[{":
            if len(stack) >= _MAX_DEPTH:
                raise _InvalidError("exceeded max depth")
            return self._open(char, stack)
        if char == '"':
            self._string()
        elif char in _LITERALS:
            self._literal(_LITERALS[char])
        elif char == "-" or (char.isascii() and char.isdigit()):
            self._number(char)
        else:
            raise self._unexpected(char, "looking for beginning of value")
        return False

    def _open(self, bracket: str, stack: list[str]) -> bool:
        if self._peek() == ("]" if bracket == "[" else "}"):
            self._at += 1
            return False
        stack.append(bracket)
        if bracket == "{":
            self._key()
        return True

    def _after_value(self, stack: list[str]) -> bool:
        """Leave an array or object, or pass its comma; returns whether a value must follow."""
        char = self._next()
        in_object = stack[-1] == "{"
        if char == ("}" if in_object else "]"):
            stack.pop()
            return False
        if char != ",":
            place = "after object key:value pair" if in_object else "after array element"
            raise self._unexpected(char, place)
        if in_object:
            self._key()
        return True

    def _key(self) -> None:
        char = self._next()
        if char != '"':
            raise self._unexpected(char, "looking for beginning of object key string")
        self._string()
        char = self._next()
        if char != ":":
            raise self._unexpected(char, "after object key")

    def _string(self) -> None:
        while (char := self._raw()) != '"':
            if char < " ":
                raise self._unexpected(char, "in string literal")
            if char == "\\":
                self._escape()

    def _escape(self) -> None:
        char = self._raw()
        if char == "u":
            for _ in range(4):
                if (digit := self._raw()) not in "0123456789abcdefABCDEF":
                    raise self._unexpected(digit, "in \\u hexadecimal character escape")
        elif char not in 'bfnrt\\/"':
            raise self._unexpected(char, "in string escape code")

    def _literal(self, word: str) -> None:
        for wanted in word[1:]:
            if (char := self._raw()) != wanted:
                raise self._unexpected(char, f"in literal {word} (expecting {_quote(wanted)})")

    def _number(self, char: str) -> None:
        if char == "-":
            char = self._raw()
            if not ("0" <= char <= "9"):
                raise self._unexpected(char, "in numeric literal")
        if char != "0":
            self._digits()
        if self._follows("."):
            self._digits("after decimal point in numeric literal")
        if self._follows("eE"):
            self._follows("+-")
            self._digits("in exponent of numeric literal")

    def _follows(self, chars: str) -> bool:
        found = self._at < len(self._text) and self._text[self._at] in chars
        self._at += found
        return found

    def _digits(self, place: str = "") -> None:
        """Skip digits; with `place` the first is required."""
        if place and not ("0" <= (char := self._raw()) <= "9"):
            raise self._unexpected(char, place)
        while self._at < len(self._text) and "0" <= self._text[self._at] <= "9":
            self._at += 1

    def _unexpected(self, char: str, place: str) -> _InvalidError:
        return _InvalidError(f"invalid character {_quote(char)} {place}")


def _quote(char: str) -> str:
    named = {"'": "'\\''", '"': "'\"'", "\n": "'\\n'", "\t": "'\\t'", "\r": "'\\r'", "\\": "'\\\\'"}
    return named.get(char) or (f"'{char}'" if char.isprintable() else f"'\\x{ord(char):02x}'")
