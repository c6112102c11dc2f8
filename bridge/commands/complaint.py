"""What a person is told about an error: one line."""

from __future__ import annotations


def complaint(error: BaseException) -> str:
    """The message of an error without line breaks, with the file it is about."""
    if isinstance(error, OSError) and error.strerror:
        about = f"{error.filename}: " if error.filename else ""
        return f"{about}{error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
