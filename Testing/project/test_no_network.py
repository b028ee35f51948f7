"""What leaves the computer: the library and the panel import nothing that opens a connection."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
NETWORK = {
    "aiohttp", "ftplib", "http", "httpx", "imaplib", "poplib", "requests", "smtplib",
    "socket", "socketserver", "ssl", "telnetlib", "tornado", "urllib", "urllib3", "webbrowser",
    "xmlrpc",
}  # fmt: skip
#: a cluster of Dask, for cohorts alone
CLUSTER = {"asyncio", "dask", "distributed"}


def imported(path):
    """The packages that a file imports, within functions, too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_no_module_opens_a_connection_and_cohorts_alone_know_a_cluster():
    files = [*(ROOT / "MedFusionLib").rglob("*.py"), *(ROOT / "MedFusion").rglob("*.py")]
    assert len(files) > 100
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        assert not imported(path) & NETWORK, name
        if imported(path) & CLUSTER:
            assert "cohort" in name, name
