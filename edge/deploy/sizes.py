"""Sizes as settings write them."""


def mebibytes(size: str) -> int:
    """How many megabytes `256MB` or `2GB` are."""
    return int(size[:-2]) * (1024 if size.endswith("GB") else 1)
