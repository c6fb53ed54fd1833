"""Workers: take jobs from the queue over HTTP, draw them, store the files, report the result."""
