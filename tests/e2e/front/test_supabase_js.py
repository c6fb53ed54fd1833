"""The scenarios of tests/e2e/test_supabase_js.py, through `edge serve … --front`."""

from tests.e2e.test_supabase_js import *  # noqa: F403
from tests.e2e.test_supabase_js import pytestmark as pytestmark
