"""What the API exposes of a database: enums, relations with their columns, functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from edge.errors import EdgeError

_TYPE: Final = """
  jsonb_build_object(
    'name', coalesce(e.typname, t.typname),
    'schema', (coalesce(e.typnamespace, t.typnamespace))::regnamespace::text,
    'kind', case when b.typtype is null then coalesce(e.typtype, t.typtype) else b.typtype end,
    'base', coalesce(b.typname, e.typname, t.typname), 'array', e.oid is not null)
"""
_JOINS: Final = """
  left join pg_type e on t.typcategory = 'A' and e.oid = t.typelem and t.typelem <> 0
  left join pg_type b on b.oid = coalesce(e.typbasetype, t.typbasetype) and b.oid <> 0
"""
_ENUMS: Final = """
select n.nspname as schema, t.typname as name,
  array_agg(l.enumlabel::text order by l.enumsortorder) as labels
from pg_type t join pg_namespace n on n.oid = t.typnamespace join pg_enum l on l.enumtypid = t.oid
where n.nspname = any(%s) group by 1, 2 order by 1, 2
"""
_RELATIONS: Final = f"""
select n.nspname as schema, c.relname as name, c.relkind in ('r', 'p', 'f') as writable,
  jsonb_agg(jsonb_build_object(
    'name', a.attname, 'nullable', not a.attnotnull,
    'optional', not a.attnotnull or a.atthasdef or a.attidentity <> '',
    'generated', a.attgenerated <> '' or a.attidentity = 'a', 'type', {_TYPE}
  ) order by a.attnum) as columns
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid {_JOINS}
where n.nspname = any(%s) and c.relkind in ('r', 'p', 'f', 'v', 'm') and not c.relispartition
group by 1, 2, 3 order by 1, 2
"""  # noqa: S608 - of constants
_FUNCTIONS: Final = f"""
select n.nspname as schema, p.proname as name, p.proretset as many, {_TYPE} as returns,
  (select coalesce(jsonb_agg(jsonb_build_object('name', x.name, 'optional',
      x.number > p.pronargs - p.pronargdefaults, 'type', (select {_TYPE} from pg_type t {_JOINS}
      where t.oid = x.type)) order by x.number), '[]')
   from (select type, name, row_number() over (order by ordinality) as number from
     unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames, p.proargmodes::text[])
       with ordinality as arguments (type, name, mode, ordinality)
     where coalesce(mode, 'i') in ('i', 'b', 'v')) x) as arguments
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
join pg_type t on t.oid = p.prorettype {_JOINS}
where n.nspname = any(%s) and p.prokind = 'f' and t.typname not in ('trigger', 'event_trigger')
  and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
order by 1, 2, p.oid
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Rows of the three queries."""

    enums: list[dict[str, Any]]
    relations: list[dict[str, Any]]
    functions: list[dict[str, Any]]


def read_catalogue(url: str, schemas: Sequence[str]) -> Catalogue:
    """Read the schemas. Raises EdgeError if the database cannot be reached."""
    try:
        with psycopg.connect(url, autocommit=True) as connection:

            def fetch(query: str) -> list[dict[str, Any]]:
                with connection.cursor(row_factory=dict_row) as cursor:
                    return cursor.execute(query.encode(), (list(schemas),)).fetchall()

            return Catalogue(fetch(_ENUMS), fetch(_RELATIONS), fetch(_FUNCTIONS))
    except psycopg.OperationalError as exc:
        raise EdgeError(f"The database cannot be reached: {exc}") from exc
