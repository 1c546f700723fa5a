"""Engines that are started for the tests: a PostgreSQL server, a session of Spark, a small cluster of it; each once."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import pytest

from engine.sql.engines import Engine
from grammar.frozen import dataclass

_LOOPBACK = "127.0.0.1"
_PATIENCE = 120
# Masters and workers need little: what they start for a run has its own.
_DAEMON = {"SPARK_NO_DAEMONIZE": "1", "SPARK_LOCAL_IP": _LOOPBACK, "SPARK_DAEMON_MEMORY": "256m"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where its master listens, and the folders in which its workers run what they are given."""

    master: str
    workers: tuple[Path, ...]


def absent(what: str) -> None:
    """An engine that is not there: a newcomer may do without it, the check of a change may not."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Where a PostgreSQL server of the tests' own listens, as libpq reads it."""
    with running_postgres(need_postgres()) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def spark_session() -> Iterator[Engine]:
    """Spark in this process, started once: further sessions of it begin at once."""
    need_spark()
    from engine.sql.spark_engine import Spark

    engine = Spark("local[2]", memory="2g")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def spark_cluster() -> Iterator[Cluster]:
    """A master on this machine with two workers of one core each."""
    need_spark()
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session", params=["duckdb", "postgres", "spark"])
def every_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Each engine in turn, opened anew over what is started once."""
    with closing(_opened(request)) as engine:
        yield engine


@pytest.fixture(params=["duckdb", "postgres", "spark"])
def fresh_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Each engine in turn, opened for one test alone: what it makes is gone with it."""
    with closing(_opened(request)) as engine:
        yield engine


def _opened(request: pytest.FixtureRequest) -> Engine:
    if request.param == "duckdb":
        from engine.sql.duckdb_engine import DuckDB

        return DuckDB(memory="1GB", threads=1)
    if request.param == "postgres":
        dsn = request.getfixturevalue("postgres_server")
        from engine.sql.postgres_engine import PostgreSQL

        return PostgreSQL(dsn)
    request.getfixturevalue("spark_session")
    from engine.sql.spark_engine import Spark

    return Spark("local[2]")


def together(items: Sequence[pytest.Item]) -> None:
    """All tests upon Spark go to one of the processes that run tests: a second Spark would cost more than it saves."""
    for item in items:
        asked = getattr(item, "fixturenames", ())
        turn = getattr(getattr(item, "callspec", None), "params", {}).values()
        if "spark_session" in asked or "spark_cluster" in asked or "spark" in turn:
            item.add_marker(pytest.mark.xdist_group("spark"))


def need_postgres() -> Path:
    """The folder of the server's programs; a test that needs them ends here where they are not there."""
    programs = postgres_programs()
    if programs is None:
        absent("PostgreSQL is not installed: Debian has it in the package postgresql")
    if find_spec("psycopg") is None:
        absent("PostgreSQL cannot be reached: pip install 'xiance[postgres]'")
    assert programs is not None
    return programs


def need_spark() -> None:
    """A test that needs Spark ends here where it is not there."""
    if find_spec("pyspark") is None:
        absent("Spark is not installed: pip install 'xiance[spark]'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        absent("Java is not installed, which Spark needs: Debian has it in the package default-jre-headless")


def postgres_programs() -> Path | None:
    """The folder of the server's programs, the newest where there are several."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path]
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found.extend(path.parent for path in reversed(versions))
    return found[0] if found else None


@contextmanager
def running_postgres(programs: Path) -> Iterator[str]:
    """A server over a folder of its own, on no port; gone, folder and all, when it is left."""
    with ExitStack() as stack:
        # A short path: sockets allow about a hundred characters.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pg-"))
        become = _somebody(folder)
        data = f"{folder}/data"
        quiet = ["--auth=trust", "--username=xiance", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run([*become, programs / "initdb", *quiet, "-D", data], check=True, capture_output=True, cwd=folder)
        settings = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off", "max_connections": "20"}
        told = [text for item in settings.items() for text in ("-c", "=".join(item))]
        log = stack.enter_context(Path(folder, "log").open("wb"))
        server = subprocess.Popen(
            [*become, programs / "postgres", "-D", data, *told], stdout=log, stderr=log, cwd=folder
        )
        stack.callback(_ended, server)
        dsn = f"host={folder} user=xiance dbname=postgres"
        _until(lambda: _answers(dsn), server, Path(folder, "log"))
        yield dsn


def _somebody(folder: str) -> list[str]:
    """What makes a command run as somebody who may: a PostgreSQL server refuses the administrator."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "nobody")
    return ["setpriv", "--reuid=nobody", "--clear-groups", "--"]


def _answers(dsn: str) -> bool:
    import psycopg

    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A master and two workers, each a process of its own, on ports that are free."""
    import pyspark

    home = Path(pyspark.__file__).parent
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="spark-"))
        port = _free_port()
        address = f"spark://{_LOOPBACK}:{port}"
        of_master = ["master.Master", "--host", _LOOPBACK, "--port", str(port), "--webui-port", "0"]
        master = _daemon(stack, home, Path(folder, "master"), of_master)
        _until(lambda: _listens(port), master, Path(folder, "master", "log"))
        for name in ("one", "two"):
            of_worker = ["worker.Worker", "--host", _LOOPBACK, "--cores", "1", "--memory", "1g", "--webui-port", "0"]
            worker = _daemon(stack, home, Path(folder, name), [*of_worker, "--work-dir", f"{folder}/{name}", address])
            _until(partial(_says, log=Path(folder, name, "log")), worker, Path(folder, name, "log"))
        yield Cluster(address, (Path(folder, "one"), Path(folder, "two")))


def _daemon(stack: ExitStack, home: Path, folder: Path, arguments: list[str]) -> "subprocess.Popen[bytes]":
    folder.mkdir()
    log: IO[bytes] = stack.enter_context((folder / "log").open("wb"))
    command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{arguments[0]}", *arguments[1:]]
    environment: Mapping[str, str] = {
        **os.environ,
        **_DAEMON,
        "SPARK_HOME": str(home),
        "PYSPARK_PYTHON": sys.executable,
    }
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
    stack.callback(_ended, process)
    return process


def _free_port() -> int:
    with closing(socket.socket()) as at:
        at.bind((_LOOPBACK, 0))
        return int(at.getsockname()[1])


def _listens(port: int) -> bool:
    with closing(socket.socket()) as at:
        return at.connect_ex((_LOOPBACK, port)) == 0


def _says(log: Path) -> bool:
    return "Successfully registered with master" in log.read_text(errors="replace")


def _until(ready: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until it is ready; what has ended, or takes too long, is told with its own words."""
    for _ in range(_PATIENCE * 10):
        if ready():
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace")[-4000:])


def _ended(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
