"""The scenarios of tests/e2e/test_auth_supabase_py.py, through `edge serve … --front`."""

from tests.e2e.test_auth_supabase_py import *  # noqa: F403
from tests.e2e.test_auth_supabase_py import pytestmark as pytestmark
