"""`edge gen types`: models that a type checker and pydantic accept, used with the API's rows."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import psycopg
import pytest

from edge.cli.gen.catalogue import read_catalogue
from edge.cli.gen.models import render_models
from edge.emulator.postgres.cluster import Cluster

_SCHEMA = """
create schema shop;
create type shop.mood as enum ('sad', 'very happy', '1st', 'class');
create domain shop.price as numeric check (value >= 0);
create table shop.items (
  id bigint generated always as identity primary key,
  name text not null,
  "class" text,
  "unit price" shop.price not null default 0,
  mood shop.mood not null default 'sad',
  moods shop.mood[],
  tags text[] not null default '{}',
  "date" date,
  made timestamptz not null default now(),
  owner uuid references auth.users (id),
  extra jsonb,
  doubled numeric generated always as (0) stored,
  model_config text
);
create view shop.names as select id, name from shop.items;
create function shop.find_items(
  query text, most int default 10, variadic moods shop.mood[] default '{}'
)
  returns setof shop.items language sql as $$ select * from shop.items limit most $$;
create function shop.ping() returns void language sql as $$ select $$;
"""
_USE = """
from types_of_shop import ShopFindItemsArgs, ShopItems, ShopItemsInsert, ShopItemsUpdate, ShopMood

def name_of(row: ShopItems) -> str:
    return row.name.upper() + (row.class_ or "") + str(row.unit_price.is_zero())

new = ShopItemsInsert(name="a", moods=[ShopMood.VERY_HAPPY])
change = ShopItemsUpdate(mood=ShopMood.SAD)
arguments = ShopFindItemsArgs(query="a", most=3)
"""


@pytest.fixture
def source(cluster: Cluster, database: str) -> str:
    dsn = cluster.dsn(database)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_SCHEMA)
    return render_models(read_catalogue(dsn, ["shop"]))


def _load(source: str, tmp_path: Path) -> ModuleType:
    path = tmp_path / "types_of_shop.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location("types_of_shop", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rows_of_the_api_are_read_and_changes_written(source: str, tmp_path: Path) -> None:
    module = _load(source, tmp_path)
    row = {
        "id": 1,
        "name": "n",
        "class": "c",
        "unit price": 1.5,
        "mood": "very happy",
        "moods": ["1st"],
        "tags": [],
        "date": "2026-01-01",
        "made": "2026-01-01T00:00:00+00:00",
        "owner": None,
        "extra": {"a": [1]},
        "doubled": 0,
        "model_config": None,
        "added_later": 1,
    }
    read = module.ShopItems.model_validate(row)
    new = module.ShopItemsInsert(name="a", class_="b")

    assert read.mood is module.ShopMood.VERY_HAPPY
    assert (read.date_.year, read.class_, read.extra) == (2026, "c", {"a": [1]})
    dumped = new.model_dump(mode="json", exclude_unset=True, by_alias=True)
    assert json.loads(json.dumps(dumped)) == {"name": "a", "class": "b"}
    assert not {"id", "doubled"} & set(module.ShopItemsInsert.model_fields)
    assert not hasattr(module, "ShopNamesInsert")
    assert module.ShopFindItemsArgs(query="q").most is None
    assert "returns a list of ShopItems" in source


def test_a_type_checker_accepts_the_module_and_its_use(source: str, tmp_path: Path) -> None:
    (tmp_path / "types_of_shop.py").write_text(source)
    (tmp_path / "use.py").write_text(_USE)
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    checker = Path(sys.executable).with_name("basedpyright")
    command = [str(checker), "--pythonpath", sys.executable, "--project", str(tmp_path)]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
