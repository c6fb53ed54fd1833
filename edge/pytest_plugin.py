"""`pytest --edge`: fixtures of a running stack, with a fresh database for each test.

The fixtures are registered with the option only, so that projects that never ask for them pay
nothing and may have fixtures of these names: `stack`, `project`, `as_user`, `service`.
"""

from typing import Any


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("edge", "the local Supabase stack")
    group.addoption(
        "--edge",
        action="store_true",
        help="Provide the fixtures stack, project, as_user and service on a stack of this project.",
    )
    group.addoption(
        "--edge-workdir", metavar="DIR", help="The project's folder. [the one around rootdir]"
    )


def pytest_configure(config: Any) -> None:
    if config.getoption("--edge"):
        config.pluginmanager.import_plugin("edge.pytest_fixtures")
