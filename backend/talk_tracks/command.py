"""`edge talk-track`: add a deck from a file for a user of the running stack."""

import time
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from rich.table import Table
from rich.text import Text

from backend.campaigns.project import (
    CampaignError,
    CampaignGroup,
    messages,
    note,
    print_json,
    running_stack,
)

app = typer.Typer(cls=CampaignGroup, help="Add decks for talk tracks.", no_args_is_help=True)

_MEDIA: Final = {
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".json": "application/json",
}
_DECKS: Final = "/functions/v1/talk-track-jobs/decks"
_TOKEN_SECONDS: Final = 600


@app.callback()
def talk_track() -> None:
    """Add decks for talk tracks."""


@app.command("import")
def import_deck(
    file: Annotated[Path, typer.Argument(help=".pptx, Markdown outline or JSON.")],
    *,
    user: Annotated[str, typer.Option(help="E-mail of the user who gets the deck.")],
    title: Annotated[str, typer.Option(help="Title of the deck. [its own, else FILE's name]")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show how the slides are read; store nothing.")
    ] = False,
    workdir: Annotated[Path, typer.Option("--workdir", help="The project's folder.")] = Path(),
    output: Annotated[Literal["pretty", "json"], typer.Option("-o", "--output")] = "pretty",
) -> None:
    """Add a deck to a new project of a user."""
    stack = running_stack(workdir)
    query = {"title": title, "fallback": file.stem, "dry_run": str(dry_run).lower()}
    report = _send(stack, file, query, _mint_token(stack, user))
    if output == "json":
        print_json(report)
        return
    slides = Table("slide", "title", "words", box=None, pad_edge=False)
    for slide in report["slides"]:
        words = Text(slide["description"], no_wrap=True, overflow="ellipsis")
        slides.add_row(str(slide["slideNumber"]), Text(slide["title"]), words)
    messages.print(slides)
    note(f"{report['totalSlides']} slides: {report['title']}")
    note("Nothing is stored." if dry_run else f"Deck {report['deckStructureId']}", "green")


def _mint_token(stack: dict[str, Any], email: str) -> str:
    """Sign a token for the user with this e-mail."""
    import jwt

    if not (secret := stack.get("JWT_SECRET")):
        raise CampaignError(
            "Tokens of a hosted project's users cannot be signed here.",
            cure="Sign in and send the file to talk-track-jobs/decks with the user's own token.",
        )
    user_id = _find_user(stack, email)
    claims = {"sub": user_id, "role": "authenticated", "aud": "authenticated", "email": email}
    return jwt.encode({**claims, "exp": int(time.time()) + _TOKEN_SECONDS}, secret, "HS256")


def _find_user(stack: dict[str, Any], email: str) -> str:
    import psycopg

    statement = "select id::text from auth.users where lower(email) = lower(%s)"
    with psycopg.connect(stack["DB_URL"]) as connection:
        found = connection.execute(statement, (email,)).fetchone()
    if found is None:
        raise CampaignError(
            f"There is no user {email}.", cure="Sign up at /console/talk-tracks first."
        )
    return found[0]


def _send(stack: dict[str, Any], file: Path, query: dict[str, str], token: str) -> dict[str, Any]:
    import httpx

    key = stack.get("PUBLISHABLE_KEY") or stack["ANON_KEY"]
    headers = {
        "apikey": key,
        "authorization": f"Bearer {token}",
        "content-type": _MEDIA.get(file.suffix.lower(), "text/markdown"),
    }
    try:
        reply = httpx.post(
            f"{stack['API_URL']}{_DECKS}",
            params=query,
            headers=headers,
            content=file.read_bytes(),
            timeout=150,
            trust_env=False,
        )
        body = reply.json()
    except OSError as exc:
        raise CampaignError(f"{file} cannot be read: {exc.strerror}") from exc
    except (httpx.HTTPError, ValueError) as exc:
        raise CampaignError(f"{_DECKS} does not answer: {exc or type(exc).__name__}") from exc
    if reply.is_error:
        raise CampaignError(f"The deck was not added: {body.get('message', reply.status_code)}")
    return body
