"""The JSON API below /console/api: what the console and `edge requests` show and do."""
