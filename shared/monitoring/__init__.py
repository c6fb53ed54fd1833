"""Durations, cache use, fallbacks and errors of functions, kept in public.function_metrics."""
