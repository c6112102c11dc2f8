"""What a person is told about an error: one line."""

from __future__ import annotations


def complaint(error: BaseException) -> str:
    """The message of an error without line breaks, with the file it is about."""
    if isinstance(error, OSError) and error.strerror:
        about = f"{error.filename}: " if error.filename else ""
        return f"{about}{error.strerror}"
    if isinstance(error, ImportError):  # a library of ours is missing, or does not load on this machine
        return f"{' '.join(str(error).split())}: install facecue again, or see `facecue doctor`"
    return " ".join(str(error).split()) or type(error).__name__
