"""Where a hanging worker is, read from what faulthandler writes."""

from edge.runtime.pool.stack_sample import render_stacks

SAMPLE = """\
Thread 0x00007f12 (most recent call first):
  File "/usr/lib/python3.11/concurrent/futures/thread.py", line 81 in _worker
  File "/usr/lib/python3.11/threading.py", line 982 in run

Thread 0x00007f13 (most recent call first):
  File "/usr/lib/python3.11/re/__init__.py", line 166 in match
  File "/app/functions/hello/main.py", line 3 in check

Current thread 0x00007f14 (most recent call first):
  File "/app/functions/hello/main.py", line 7 in spin
  File "/app/functions/hello/main.py", line 12 in main
  File "/venv/functions_framework/aio/__init__.py", line 160 in handle
  File "/app/edge/runtime/worker/main.py", line 120 in _live
"""


def test_threads_that_work_are_named_the_main_thread_first() -> None:
    assert render_stacks(SAMPLE.splitlines()) == (
        "spin (/app/functions/hello/main.py:7), from main (/app/functions/hello/main.py:12)"
        "; and match (/usr/lib/python3.11/re/__init__.py:166)"
        ", from check (/app/functions/hello/main.py:3)"
    )


def test_without_a_sample_it_says_so() -> None:
    assert render_stacks([]) == "not known"
    assert render_stacks(["nonsense", '  File "x", line 1 in y']) == "not known"
