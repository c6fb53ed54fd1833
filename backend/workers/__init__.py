"""`edge worker`: the workers of media jobs."""
