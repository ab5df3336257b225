"""The exclusive lock on a data folder: who may run the database of it. Knows nothing about databases."""

import fcntl
import os
import time
from pathlib import Path

STALE_SECONDS = 5.0


class DataFolderInUse(Exception):
    """Another process runs the database of this folder; `uri` is where it can be reached, if known."""

    def __init__(self, folder: Path, pid: int | None, uri: str | None) -> None:
        super().__init__(
            f"The data folder {folder} is in use by process {pid or 'unknown'}: stop that process, choose"
            f" another folder, or use its database by setting MONGODB_URI{f' to {uri}' if uri else ''}."
        )
        self.folder, self.pid, self.uri = folder, pid, uri


def lock_folder(folder: Path, uri: str) -> int:
    """Lock the folder for this process, leaving its pid and `uri` for others to read.

    Returns an open file: the lock lasts until every process that has it has closed it or is gone.
    Raises DataFolderInUse.
    """
    lock_file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    give_up = time.monotonic() + STALE_SECONDS
    while True:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, uri_there = _holder(lock_file)
            # A holder that was killed leaves a server that is just being killed too: wait for that.
            if pid and not _alive(pid) and time.monotonic() < give_up:
                time.sleep(0.02)
                continue
            os.close(lock_file)
            raise DataFolderInUse(folder, pid, uri_there) from None
        os.ftruncate(lock_file, 0)
        os.pwrite(lock_file, f"{os.getpid()} {uri}\n".encode(), 0)
        return lock_file


def _holder(lock_file: int) -> tuple[int | None, str | None]:
    match os.pread(lock_file, 4096, 0).decode().split():
        case [pid, uri]:
            return int(pid), uri
        case _:  # locked, and not written yet
            return None, None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
