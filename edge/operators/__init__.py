"""The console of a hosted project, for its operators: `edge console`."""
