"""Cannot be imported."""

import a_module_that_does_not_exist  # noqa: F401


async def main(request: object) -> str:
    return "never"
