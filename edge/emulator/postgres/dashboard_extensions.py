"""Extensions that a project uses without creating them: on its hosted project, somebody enabled
them in the dashboard.

The name that the server does not know tells which one it is. Those that the local Postgres cannot
have are known by their names too, so that the cause of a failure is the extension.
"""

import re
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import sql

OWN_SCHEMAS: Final = {
    "cron": "pg_cron",
    "net": "pg_net",
    "pgmq": "pgmq",
    "pgsodium": "pgsodium",
    "pgtle": "pg_tle",
}
"""The extension that makes each schema."""
_HAVE_SCHEMA: Final = frozenset(("pgmq", "pgsodium", "pg_tle"))
_PLACED: Final = {"pg_cron": "pg_catalog"}
"""Where the dashboard puts an extension, if not into `extensions`."""
_OBJECTS: Final = {
    "vector": "vector halfvec sparsevec cosine_distance l2_distance inner_product"
    " vector_l2_ops vector_ip_ops vector_cosine_ops vector_l1_ops"
    " halfvec_l2_ops halfvec_ip_ops halfvec_cosine_ops sparsevec_l2_ops sparsevec_cosine_ops",
    "pg_trgm": "gin_trgm_ops gist_trgm_ops similarity word_similarity strict_word_similarity"
    " show_trgm",
    "citext": "citext",
    "hstore": "hstore",
    "ltree": "ltree lquery ltxtquery gist_ltree_ops",
    "unaccent": "unaccent",
    "moddatetime": "moddatetime",
    "fuzzystrmatch": "levenshtein levenshtein_less_equal soundex difference metaphone dmetaphone"
    " dmetaphone_alt daitch_mokotoff",
    "tablefunc": "crosstab crosstab2 crosstab3 crosstab4 connectby normal_rand",
    "cube": "cube",
    "earthdistance": "earth ll_to_earth earth_distance earth_box",
    "intarray": "gin__int_ops gist__int_ops gist__intbig_ops query_int",
    "http": "http_get http_post http_put http_patch http_delete http_head http_header"
    " http_request http_response",
    "pgjwt": "url_encode url_decode algorithm_sign",
    "isn": "isbn isbn13 ean13 issn",
    "pg_jsonschema": "json_matches_schema jsonb_matches_schema",
    "dblink": "dblink dblink_connect dblink_exec",
    "seg": "seg",
}
_UNAVAILABLE: Final = {
    "postgis": "geometry geography box2d box3d gist_geometry_ops_2d gist_geography_ops"
    " addgeometrycolumn geometry_columns spatial_ref_sys",
    "pgroonga": "pgroonga",
    "timescaledb": "create_hypertable add_retention_policy time_bucket",
    "rum": "rum rum_tsvector_ops",
    "pgrouting": "pgr_dijkstra",
}
_BY_NAME: Final = {
    name: extension
    for table in (_OBJECTS, _UNAVAILABLE)
    for extension, names in table.items()
    for name in names.split()
}
_PREFIXES: Final = {"st_": "postgis", "pgroonga_": "pgroonga", "pgr_": "pgrouting"}
_MISSING: Final = frozenset(("42P01", "42704", "42883", "3F000"))
_NAMED: Final = re.compile(r'"(?P<quoted>[^"]+)"|(?:function|type) (?P<plain>[\w.]+)')
_NO_OPERATOR_CLASS: Final = re.compile(
    r"has no default operator class for access method \"(?P<method>gin|gist)\""
)


@dataclass(frozen=True, slots=True)
class UsedExtension:
    """An extension that a statement needs: by the `name` that is missing, in `schema` if given."""

    extension: str
    name: str
    schema: str | None = None

    @property
    def is_available(self) -> bool:
        """Whether the local Postgres may have it."""
        return self.extension not in _UNAVAILABLE


def find_used(sqlstate: str | None, message: str) -> UsedExtension | None:
    """Return the extension that has what the server does not know."""
    if sqlstate not in _MISSING:
        return None
    if indexed := _NO_OPERATOR_CLASS.search(message):
        return UsedExtension(f"btree_{indexed['method']}", indexed["method"])
    for match in _NAMED.finditer(message):
        schema, _, name = (match["quoted"] or match["plain"]).rpartition(".")
        name = name.removesuffix("[]").lower()
        if found := OWN_SCHEMAS.get(schema or name):
            return UsedExtension(found, schema or name)
        if found := _BY_NAME.get(name) or _by_prefix(name):
            return UsedExtension(found, name, schema or None)
    return None


def _by_prefix(name: str) -> str | None:
    found = (extension for start, extension in _PREFIXES.items() if name.startswith(start))
    return next(found, None)


def create_used(connection: psycopg.Connection, used: UsedExtension) -> bool:
    """Create the extension where the statement looks for it, by default in `extensions`."""
    schema = used.schema or _PLACED.get(used.extension, "extensions")
    statement = sql.SQL("create extension {} schema {} cascade").format(
        sql.Identifier(used.extension), sql.Identifier(schema)
    )
    if used.extension in _HAVE_SCHEMA:
        statement = sql.SQL("create extension {}").format(sql.Identifier(used.extension))
    try:
        with connection.transaction():
            connection.execute("reset role")
            connection.execute(statement)
    except psycopg.Error:
        return False
    return True
