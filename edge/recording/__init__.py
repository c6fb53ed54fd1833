"""Records requests, logs and bodies into the stack's own Postgres, off the requests' path."""
