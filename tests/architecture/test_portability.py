"""What only Linux has is asked for in one module, which has another way for each.

Names and paths are found in the syntax tree, so that texts and comments may speak of them.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.paths import ROOT
from tests.support.source_code import list_files

OURS = ("backend", "bench", "console", "edge", "functions", "pages", "scripts", "shared", "workers")
MODULE = "edge/operating_system.py"
NAMES = {
    "os": """
        O_DIRECT O_NOATIME O_PATH O_TMPFILE copy_file_range eventfd fork forkpty getresgid
        getresuid getxattr listxattr memfd_create pidfd_open pipe2 posix_fadvise posix_fallocate
        preadv2 prlimit removexattr sched_getaffinity sched_setaffinity sched_setscheduler
        sendfile setns setresgid setresuid setxattr splice unshare waitid
    """,
    "resource": "RLIMIT_AS RLIMIT_DATA RLIMIT_MSGQUEUE RLIMIT_NPROC RLIMIT_SIGPENDING prlimit",
    "select": "EPOLLET EPOLLEXCLUSIVE EPOLLIN EPOLLONESHOT EPOLLOUT epoll",
    "signal": """
        SIGCLD SIGPOLL SIGPWR SIGRTMAX SIGRTMIN SIGSTKFLT pidfd_send_signal sigtimedwait
        sigwaitinfo
    """,
    "socket": """
        AF_ALG AF_NETLINK AF_PACKET AF_VSOCK MSG_CMSG_CLOEXEC MSG_ERRQUEUE MSG_MORE MSG_NOSIGNAL
        SCM_CREDENTIALS SOCK_CLOEXEC SOCK_NONBLOCK SOCK_SEQPACKET SO_BINDTODEVICE SO_DOMAIN
        SO_INCOMING_CPU SO_PASSCRED SO_PEERCRED SO_PEERSEC SO_PRIORITY SO_REUSEPORT TCP_CORK
        TCP_DEFER_ACCEPT TCP_FASTOPEN TCP_INFO TCP_KEEPIDLE TCP_QUICKACK TCP_USER_TIMEOUT
    """,
}
LINUX_ONLY = {f"{module}.{name}" for module, names in NAMES.items() for name in names.split()}
MODULES = {"ctypes", "inotify", "prctl", "pyinotify"}
PATHS = re.compile(r"(?:^|[\s:=])/(?:proc|sys|dev/shm)(?:/|$)")
WORDS = [*sorted(name.partition(".")[2] for name in LINUX_ONLY), *MODULES, "/proc", "/sys", "/shm"]
GLANCE = re.compile("|".join(WORDS))
ALLOWED = {
    # Reached only where IS_LINUX says so; SubprocessLauncher is the other way.
    "edge/runtime/launch/zygote.py": {"os.fork"},
    "edge/runtime/launch/zygote_connection.py": {"socket.SOCK_SEQPACKET"},
    # The same; edge/production/started.py is the other way.
    "edge/production/supervisor.py": {"os.fork"},
    # A program without site-packages; its caller measures its memory where there is no such limit.
    "edge/emulator/rest/request/csv_table.py": {"resource.RLIMIT_AS"},
}
GNU_ONLY = (
    r"readlink -f|realpath|sed -i |sed -r|date -d|stat -c|grep -\w*P|nproc|setsid|timeout \d"
    r"|mktemp -p|sort -V|head -n -|find .*-printf|xargs -r|declare -A|mapfile|readarray"
    r"|\$\{\w+(?:,,|\^\^)\}|/proc/|cp -\w*a|ln -\w*r|du -\w*b|base64 -w|flock "
)


def find_linux_only(text: str) -> Iterator[str]:
    """Yield what a file asks Linux for: names of modules, paths."""
    if not GLANCE.search(text):
        return
    tree = ast.parse(text)
    documented = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                found = [f"{module}.{name}"]
            case ast.ImportFrom(module=str(module), names=names):
                found = [module, *(f"{module}.{alias.name}" for alias in names)]
            case ast.Import(names=names):
                found = [alias.name for alias in names]
            case ast.Constant(value=str(text)) if PATHS.search(text) and id(node) not in documented:
                found = [f"path {text}"]
            case _:
                continue
        yield from (
            each for each in found if each in LINUX_ONLY | MODULES or each.startswith("path ")
        )


def faults(*folders: str) -> list[str]:
    return [
        f"{name} uses {found}"
        for path in list_files(*folders)
        if (name := path.relative_to(ROOT).as_posix()) != MODULE
        for found in find_linux_only(path.read_text())
        if found not in ALLOWED.get(name, ())
    ]


def test_one_module_asks_for_what_only_linux_has() -> None:
    assert faults(*OURS) == []


def test_scripts_use_no_option_that_only_gnu_has() -> None:
    scripts = [*(ROOT / "scripts").iterdir(), ROOT / "bench/setup", ROOT / "deploy.sh"]
    found = [
        f"{path.name}:{number} {line.strip()}"
        for path in scripts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(GNU_ONLY, line) and not line.lstrip().startswith("#")
    ]

    assert found == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import os\nos.fork()", ["os.fork"]),
        ("from socket import SO_PEERCRED", ["socket.SO_PEERCRED"]),
        ("import ctypes", ["ctypes"]),
        ("p = f'/proc/{pid}/stat'", ["path /proc/"]),
        ("p = Path('/dev/shm')", ["path /dev/shm"]),
        ('"""Reads /proc/self/stat."""\nx = "/functions/v1/process"', []),
        ("import os\nos.getpid()  # not os.fork()", []),
    ],
)
def test_what_is_found(text: str, found: list[str]) -> None:
    assert list(find_linux_only(text)) == found
