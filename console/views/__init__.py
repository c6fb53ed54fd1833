"""Views of the platform: a file each, found by its name; none knows a table of a project."""
