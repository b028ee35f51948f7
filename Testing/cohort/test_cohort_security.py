"""A cluster serves whoever started it, and nobody else on the same computer."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import refused
from typer.testing import CliRunner

from MedFusionLib.cli.app import app
from MedFusionLib.cohort.clusters import (
    join_cluster,
    local_cluster,
    make_tls_files,
    tls_files,
)

distributed = pytest.importorskip("distributed", reason="Dask is not installed: no cohorts")

#: tries to join a Dask scheduler or worker in every way there is, and to run a function there
STRANGER = """
import asyncio, os, sys
from distributed import Client, Security
from distributed.core import rpc

address, place = sys.argv[1:]
ways = [(address, Security.temporary()), (address.replace("tls", "tcp"), None)]

def client(address, security):
    with Client(address, timeout=3, security=security) as joined:
        joined.run_on_scheduler(open, place, "w")

async def direct(address, security):
    arguments = security.get_connection_args("client") if security else {}
    async with rpc(address, timeout=3, connection_args=arguments) as server:
        return await asyncio.wait_for(server.identity(), 3)

for address, security in ways:
    for way in (client, lambda *a: asyncio.run(direct(*a))):
        try:
            print("IN:", way(address, security))
        except BaseException as error:
            print("refused:", type(error).__name__)
"""


@pytest.fixture(scope="module")
def cluster():
    with local_cluster(workers=1, memory=2e9) as client:
        client.wait_for_workers(1, timeout=180)
        yield client


def as_somebody_else() -> list[str]:
    """The start of a command that runs as another user, where this one may do that."""
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("setpriv"):
        return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    return []


def addresses(client) -> list[str]:
    return [client.scheduler.address, *client.scheduler_info()["workers"]]


def test_a_stranger_is_refused_by_scheduler_and_worker(cluster, tmp_path):
    (tmp_path / "open").mkdir(mode=0o777)
    place = tmp_path / "open" / "was-here"
    for address in addresses(cluster):
        assert address.startswith("tls://127.0.0.1:")
        words = [*as_somebody_else(), sys.executable, "-c", STRANGER, address, str(place)]
        run = subprocess.run(
            words, capture_output=True, text=True, timeout=180, cwd="/", check=False
        )
        assert run.stdout.count("refused") == 4, run.stdout + run.stderr
        assert "IN:" not in run.stdout
    assert not place.exists()


def test_who_started_it_is_served(cluster):
    assert cluster.submit(sum, [1, 2]).result(timeout=60) == 3


def test_nothing_is_served_over_http(cluster):
    """Not even logs or the names of tasks; without a dashboard every page is missing."""
    import http.client

    def ports(dask_scheduler=None, dask_worker=None):
        return (dask_scheduler or dask_worker).http_server.port

    found = [cluster.run_on_scheduler(ports), *cluster.run(ports).values()]
    for port in found:
        for page in ("/", "/status", "/info/main/workers.html", "/metrics", "/json/identity.json"):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", page)
            assert connection.getresponse().status == 404, page
            connection.close()


def test_nothing_listens_beyond_this_computer(cluster):
    def listening(dask_scheduler=None, dask_worker=None):
        import psutil

        process = psutil.Process()
        return [c.laddr.ip for c in process.net_connections("inet") if c.status == "LISTEN"]

    pytest.importorskip("psutil")
    found = set(cluster.run_on_scheduler(listening))
    for nanny in (False, True):
        found.update(*cluster.run(listening, nanny=nanny).values())
    assert found == {"127.0.0.1"}


def test_workers_keep_their_files_where_nobody_else_can_write(cluster):
    def folder(dask_worker):
        return dask_worker.local_directory

    for place in cluster.run(folder).values():
        parent = Path(place).parent
        while not parent.name.startswith("medfusion-dask-"):
            parent = parent.parent
        assert parent.stat().st_mode & 0o077 == 0


def test_keys_are_for_their_owner_alone(tmp_path):
    files = make_tls_files(tmp_path / "tls")
    assert (tmp_path / "tls").stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    assert tls_files(*files).require_encryption
    with refused("new folder"):
        make_tls_files(tmp_path / "tls")
    (tmp_path / "no.pem").write_text("no key")
    with refused("PEM"):
        tls_files(tmp_path / "no.pem", *files[1:])
    with refused("PEM"):
        tls_files(*files[:2], tmp_path / "nowhere.pem")


def test_a_scheduler_without_tls_is_joined_only_on_request():
    with refused("TLS", "--insecure"), join_cluster("tcp://127.0.0.1:9"):
        pass


def test_no_other_key_opens_a_cluster(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("MedFusionLib.cohort.clusters.CONNECT_TIMEOUT", 3)
    other = tls_files(*make_tls_files(tmp_path / "tls"))
    with refused("TLS files"), join_cluster(cluster.scheduler.address, other):
        pass


@pytest.mark.parametrize("words", [["--tls-ca", "a"], ["--tls-ca", "a", "--tls-cert", "b"]])
def test_tls_files_are_given_together(tmp_path, words):
    (tmp_path / "list.csv").write_text("id,mr,second,pair\np1,a,b,ct-mr\n")
    words = ["cohort", str(tmp_path / "list.csv"), "--out", str(tmp_path / "out"), *words]
    result = CliRunner().invoke(app, words)
    assert "together" in str(result.exception)


def test_a_dashboard_is_served_on_request():
    pytest.importorskip("bokeh")
    with local_cluster(workers=1, memory=2e9, dashboard=True) as client:
        host, port = client.dashboard_link.split("/")[2].split(":")
        with socket.create_connection((host, int(port)), timeout=20):
            assert host == "127.0.0.1"
