"""Language engine behind the emulated providers: deterministic and extractive.

`core` holds language primitives, `schema` fills JSON schemas, `drafts` builds known documents.
"""
