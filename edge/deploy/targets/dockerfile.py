"""Dockerfiles: pinned base, packages by hash, an unprivileged user, a health check."""

from typing import Final

_HEALTH: Final = (
    "import os, urllib.request as r; "
    "r.urlopen(f\\\"http://127.0.0.1:{os.environ['PORT']}/_internal/health\\\", timeout=3)"
)
_TEMPLATE: Final = """\
FROM {base} AS packages
COPY {requirements} /tmp/requirements.txt
RUN python -m venv /packages \\
 && /packages/bin/pip install --no-cache-dir --disable-pip-version-check \\
      {strictly}-r /tmp/requirements.txt

FROM {base}
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin function
ENV PATH=/packages/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
ENV PORT={port}{variables}
COPY --from=packages /packages /packages
WORKDIR /app
COPY . /app
USER 10001
EXPOSE {port}
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=60s \\
  CMD ["python", "-c", "{health}"]
CMD [{command}]
"""


def dockerfile(
    base: str,
    command: tuple[str, ...],
    *,
    port: int,
    requirements: str,
    has_hashes: bool,
    variables: str = "",
) -> bytes:
    """Render the Dockerfile of an image that starts `command` in the context's folder."""
    return _TEMPLATE.format(
        base=base,
        command=", ".join(f'"{word}"' for word in command),
        port=port,
        requirements=requirements,
        # What has hashes is complete; what has none may leave it to pip to find the rest.
        strictly="--no-deps --require-hashes " if has_hashes else "",
        health=_HEALTH,
        variables=f" {variables}" if variables else "",
    ).encode()
