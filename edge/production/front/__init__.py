"""One base URL: the hosted project's services through the instance that serves the functions."""
