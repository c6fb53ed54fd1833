"""Migrations and functions deployed together: in which order, and whether both bundles get by."""
