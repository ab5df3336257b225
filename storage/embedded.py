"""The database used when no MONGODB_URI is given: SecantusDB as a supervised child process on loopback.

It knows folders, ports and processes, never what is stored. SecantusDB is GPL: it is run, never imported.
"""

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from storage.folder_lock import DataFolderInUse, lock_folder

__all__ = ["DataFolderInUse", "EmbeddedServer", "EmbeddedServerFailed", "EmbeddedServerMissing"]

log = logging.getLogger(__name__)

READY_SECONDS = 60.0  # a start after a crash replays the journal first
STOP_SECONDS = 10.0
# The pause before a dead server is started again: doubled each time, short again after a steady run.
FIRST_PAUSE, LONGEST_PAUSE, STEADY_SECONDS = 0.1, 5.0, 10.0

# Kills the server when this process is gone, however it went: then the pipe on the guard's input closes.
# Works on macOS too, unlike Linux's parent-death signal. Killing is safe, the journal has every write.
GUARD = 'read -r _; kill -KILL "$0"'


class EmbeddedServerMissing(Exception):
    """The package with the embedded server is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "The embedded database is not installed: install orderflow[embedded], or set MONGODB_URI"
            " to the address of a MongoDB replica set."
        )


class EmbeddedServerFailed(Exception):
    """The server ended, or did not listen in time, while it was started; the text quotes its log."""


class EmbeddedServer:
    """One server on one data folder: `with EmbeddedServer(folder) as server: connect(server.uri, …)`.

    When it dies it is started again on the same port, so clients reconnect. The folder holds `data/`,
    `server.log` and `lock`, which this process and the server both hold: it is free when both are gone.
    A thread supervises it, so that it depends on no event loop; inside one call it with `asyncio.to_thread`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.uri = ""
        self._port = 0
        self._lock_file: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._supervisor: threading.Thread | None = None
        self._stopping = threading.Event()
        self._turn = threading.Lock()  # nothing is started any more once stopping has begun

    @property
    def pid(self) -> int | None:
        """The server's process id; a new one after each restart."""
        return self._child.pid if self._child else None

    def start(self) -> str:
        """Lock the folder, start the server, wait until it listens, and return its URI.

        Raises EmbeddedServerMissing, DataFolderInUse or EmbeddedServerFailed. An object starts once.
        """
        if find_spec("secantus") is None:
            raise EmbeddedServerMissing
        (self.folder / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
        self._port = _free_port()
        self.uri = f"mongodb://127.0.0.1:{self._port}/?replicaSet=secantus"
        self._lock_file = lock_folder(self.folder, self.uri)
        try:
            child = self._start_child(self._lock_file)
            self._wait_until_ready(child)
        except BaseException:
            self.stop()
            raise
        self._supervisor = threading.Thread(
            target=self._supervise, args=(child, self._lock_file), name="embedded-database", daemon=True
        )
        self._supervisor.start()
        return self.uri

    def stop(self) -> None:
        """End the server cleanly, or by force after ten seconds, and free the folder. May be called twice."""
        with self._turn:
            self._stopping.set()
        if self._child:
            self._end(self._child)
        if self._supervisor:
            self._supervisor.join()
        self._dismiss_guard()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start_child(self, lock_file: int) -> subprocess.Popen[bytes]:
        settings = self.folder / "server.toml"
        settings.write_text("# Empty: flags set everything, and no other secantusd.toml is looked for.\n")
        command = [sys.executable, "-P", "-m", "secantus", "--config", str(settings)]
        command += ["--host", "127.0.0.1", "--port", str(self._port)]
        command += ["--storage-path", str(self.folder / "data"), "--sync-on-commit"]
        with (self.folder / "server.log").open("ab") as output:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                env=os.environ | {"SECANTUS_FORCE_DURABLE": "1"},  # a test mode without journal exists
                pass_fds=(lock_file,),
                start_new_session=True,  # Ctrl-C in the terminal is for this process to handle
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, str(self._child.pid)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self._child

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        child.terminate()
        give_up = time.monotonic() + STOP_SECONDS
        answers = 0
        while child.poll() is None and time.monotonic() < give_up:
            # Connecting wakes its accept call, which otherwise notices the end only after two seconds. One
            # that goes on answering has missed the signal: a sleeping Python process sometimes does.
            answers += _listens(self._port)
            if answers and answers % 10 == 0:
                child.terminate()
            time.sleep(0.02)
        child.kill()
        child.wait()

    def _dismiss_guard(self) -> None:
        if self._guard:
            self._guard.kill()
            self._guard.communicate()

    def _wait_until_ready(self, child: subprocess.Popen[bytes]) -> None:
        give_up = time.monotonic() + READY_SECONDS
        while child.poll() is None and time.monotonic() < give_up:
            if _listens(self._port):
                return
            time.sleep(0.02)
        end_of_log = " / ".join((self.folder / "server.log").read_text(errors="replace").splitlines()[-5:])
        raise EmbeddedServerFailed(
            f"The embedded database did not start on {self.folder}. Its log ends: {end_of_log}"
        )

    def _supervise(self, child: subprocess.Popen[bytes], lock_file: int) -> None:
        pause = FIRST_PAUSE
        while True:
            started = time.monotonic()
            status = child.wait()
            self._dismiss_guard()  # before anything else can get the dead server's process id
            if time.monotonic() - started > STEADY_SECONDS:
                pause = FIRST_PAUSE
            if self._stopping.wait(pause):
                return
            pause = min(pause * 2, LONGEST_PAUSE)
            with self._turn:
                if self._stopping.is_set():
                    return
                log.warning("The embedded database ended with status %s and is started again.", status)
                child = self._start_child(lock_file)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False
