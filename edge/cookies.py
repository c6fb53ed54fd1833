"""The Cookie header, split as browsers join it.

The standard library's parser undoes quotes in a time that grows with the square of their number.
"""


def read_cookies(header: str) -> dict[str, str]:
    """Return the cookies by name, values as they are; of a name the last. See RFC 6265, 4.2.1."""
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
