from edge.cli.start.schema_report import describe_migrations


def test_a_few_migrations_are_listed_by_name() -> None:
    assert describe_migrations(["1_a.sql", "2_b.sql"]) == ["applied 1_a.sql", "applied 2_b.sql"]


def test_many_migrations_are_one_line() -> None:
    names = [f"{number}_x.sql" for number in range(10, 70)]

    assert describe_migrations(names) == ["applied 60 migrations, 10_x.sql to 69_x.sql"]
