"""The console behind the gateway: access, its process on demand, and the proxy to it."""
