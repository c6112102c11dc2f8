"""Secrets of this user: the configuration folder, and files in it that nobody else may read.

Knows no wire: a secret is a short text. Where a system has permissions (POSIX), files are 0600 and the folder
0700; on Windows the user's profile is private by itself.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import sys
import tempfile
from pathlib import Path

_log = logging.getLogger(__name__)

FOLDER_VARIABLE = "FACECUE_CONFIG_DIR"
"""Environment variable that names another configuration folder."""
LARGEST_SECRET = 4096
"""Bytes of a file that is read as a secret; ours have some hundreds."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class TokenError(ValueError):
    """A secret that cannot be kept or read: one line with the file and the way out."""


def config_folder() -> Path:
    r"""The folder of this user's settings, which need not exist.

    `FACECUE_CONFIG_DIR`, else `%APPDATA%\facecue` (Windows), `~/Library/Application Support/facecue` (macOS),
    `$XDG_CONFIG_HOME/facecue` or `~/.config/facecue` (elsewhere).

    Raises:
        TokenError: if the system names no home folder.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    try:
        if sys.platform == "win32":
            roaming = os.environ.get("APPDATA")
            return (Path(roaming) if roaming else Path.home() / "AppData" / "Roaming") / "facecue"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Application Support" / "facecue"
        xdg = Path(os.environ.get("XDG_CONFIG_HOME", ""))
        return (
            xdg if xdg.is_absolute() else Path.home() / ".config"
        ) / "facecue"  # relative ones do not count
    except RuntimeError as error:
        raise TokenError(
            f"no home folder is known here; set {FOLDER_VARIABLE} to a folder of yours"
        ) from error


def read_private(path: Path) -> str | None:
    """The text of a secret without white space around it; None where there is no such file.

    A file that others may read is closed to them, with a warning: who copied it in may not have noticed.

    Raises:
        TokenError: if it cannot be read, is too long, or is no ASCII text.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_SECRET + 1)
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                _log.warning("%s could be read by others; it is closed to them now", path)
                path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TokenError(f"{path}: {error.strerror or error}; make it readable, or delete it") from error
    if len(data) > LARGEST_SECRET:
        raise TokenError(f"{path}: more than {LARGEST_SECRET} bytes, so no secret of facecue; delete it")
    try:
        return data.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise TokenError(
            f"{path}: not ASCII at byte {error.start}, so no secret of facecue; delete it"
        ) from error


def write_private(path: Path, text: str) -> None:
    """Keeps a secret for this user alone: written beside, then renamed; folders are made.

    Raises:
        TokenError: if that is not possible; what was there is left as it was.
    """
    try:
        path.parent.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name}.", dir=path.parent
        )  # 0600 where there are modes
    except OSError as error:
        raise TokenError(_unwritable(path, error)) from error
    try:
        with os.fdopen(handle, "w", encoding="ascii", newline="\n") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        raise TokenError(_unwritable(path, error)) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()


def forget(path: Path) -> None:
    """Deletes a secret; one that is not there is forgotten already.

    Raises:
        TokenError: if it cannot be deleted.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise TokenError(f"{path}: {error.strerror or error}; delete it by hand") from error


def _unwritable(path: Path, error: OSError) -> str:
    return f"{path}: {error.strerror or error}; make its folder writable, or set {FOLDER_VARIABLE} to another"
