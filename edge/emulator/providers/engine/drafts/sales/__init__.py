"""Sales conversations: evidence, findings and the analysis drafted from them."""
