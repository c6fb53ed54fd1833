"""Which tables a statement reads and writes, and which policies decide about its rows.

The tables are those that the transaction has locked: planning locks what the statement, its views
and its policies name, also what the planner then leaves out; running it adds what functions touch.
"""

from collections.abc import Iterable
from typing import Any, Final, cast

import psycopg
from psycopg.rows import dict_row

_LOCKED: Final = """
select c.oid::int8 as oid, n.nspname as schema, c.relname as name, c.relkind::text as kind,
  c.relrowsecurity as rls, row_security_active(c.oid) as active, l.writes,
  coalesce(c.reloptions::text ~ 'security_invoker=(on|true|1|yes)', false) as invoker,
  (select array_agg(distinct d.refobjid::int8) from pg_catalog.pg_rewrite r
    join pg_catalog.pg_depend d on d.objid = r.oid and d.classid = 'pg_rewrite'::regclass
      and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class
    where r.ev_class = c.oid and c.relkind = 'v') as uses,
  (select coalesce(json_agg(json_build_object('name', p.polname, 'command', case p.polcmd
      when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE'
      else 'ALL' end, 'permissive', p.polpermissive,
      'roles', (select json_agg(case r when 0 then 'public' else pg_get_userbyid(r) end)
        from unnest(p.polroles) r),
      'applies', (select bool_or(case r when 0 then true
        else pg_has_role(current_user, r, 'USAGE') end) from unnest(p.polroles) r),
      'using', pg_get_expr(p.polqual, p.polrelid),
      'check', pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname), '[]')
    from pg_catalog.pg_policy p where p.polrelid = c.oid) as policies
from (select relation, bool_or(mode = 'RowExclusiveLock') as writes from pg_catalog.pg_locks
    where pid = pg_backend_pid() and locktype = 'relation' group by relation) l
  join pg_catalog.pg_class c on c.oid = l.relation
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'v', 'm')
  and n.nspname <> all (array['pg_catalog', 'information_schema', 'pg_toast'])
order by n.nspname, c.relname limit 100"""

_ALL: Final = frozenset(("INSERT", "UPDATE", "DELETE"))


def read_locked(connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """Return the tables and views that the transaction has locked, with their policies."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_LOCKED).fetchall()


def find_commands(plan: Any) -> dict[tuple[str, str], frozenset[str]]:
    """Return the commands of a plan's written tables, by schema and name."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    nodes = [plan]
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes += cast("list[Any]", node)
        elif isinstance(node, dict):
            values = cast("dict[str, Any]", node)
            nodes += [values[name] for name in ("Plan", "Plans") if name in values]
            if values.get("Node Type") == "ModifyTable":
                table = (str(values.get("Schema")), str(values.get("Relation Name")))
                found[table] = found.get(table, frozenset()) | _commands(values)
    return found


def _commands(node: dict[str, Any]) -> frozenset[str]:
    operation = str(node.get("Operation", "")).upper()
    if operation == "MERGE":
        return _ALL | {"SELECT"}
    commands = {operation}
    if node.get("Conflict Resolution") == "UPDATE":
        commands |= {"UPDATE", "SELECT"}
    if operation != "INSERT" or node.get("Output"):
        commands.add("SELECT")
    return frozenset(commands)


def describe(
    locked: Iterable[dict[str, Any]], commands: dict[tuple[str, str], frozenset[str]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the tables with a sentence on their rows' rights, and the policies that applied."""
    rows = list(locked)
    views = [row for row in rows if row["kind"] == "v" and not row["invoker"]]
    behind = {
        oid: f"{view['schema']}.{view['name']}" for view in views for oid in view["uses"] or ()
    }
    tables: list[dict[str, Any]] = []
    policies: list[dict[str, Any]] = []
    for row in rows:
        wanted = commands.get((row["schema"], row["name"]))
        if wanted is None:
            wanted = _ALL | {"SELECT"} if row["writes"] else frozenset(("SELECT",))
        through = behind.get(row["oid"])
        applied = [] if through else _applied(row, wanted)
        policies += applied
        tables.append(
            {
                "schema": row["schema"],
                "name": row["name"],
                "kind": "view" if row["kind"] == "v" else "table",
                "commands": sorted(wanted),
                "rls": row["rls"],
                "active": row["active"] and not through,
                "why": _why(row, applied, through),
            }
        )
    return tables, policies


def _applied(row: dict[str, Any], wanted: frozenset[str]) -> list[dict[str, Any]]:
    if not row["active"]:
        return []
    table = f"{row['schema']}.{row['name']}"
    return [
        {"table": table} | {name: value for name, value in policy.items() if name != "applies"}
        for policy in row["policies"]
        if policy["applies"] and policy["command"] in wanted | {"ALL"}
    ]


def _why(row: dict[str, Any], applied: list[dict[str, Any]], through: str | None) -> str:
    if through:
        return f"Read through the view {through} with its owner's rights."
    if row["kind"] == "v":
        return "A view with the caller's rights." if row["invoker"] else "A view."
    if not row["rls"]:
        return "Row-level security is off: grants alone decide."
    if not row["active"]:
        return "Row-level security is on; this role bypasses it."
    if not any(policy["permissive"] for policy in applied):
        return "Row-level security is on and no policy lets this role in: no rows."
    return f"Row-level security is on: {len(applied)} policies applied."
