"""Mixed traffic of all functions over several production instances, with faults."""
