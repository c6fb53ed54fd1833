"""Processes of the project that `edge start` runs beside the stack."""
