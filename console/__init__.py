"""The console: what runs on a stack, in a browser.

A process of its own, started by the first visit of /console. It reaches the stack over HTTP alone.
A project adds pages with `page` and the parts of `console.ui`; edge.toml names the function that
registers them:

    [console]
    pages = "tools.console:register"
"""

from console.api import Api, ApiError, api, project
from console.registry import Failing, page, watch

__all__ = ["Api", "ApiError", "Failing", "api", "page", "project", "watch"]
