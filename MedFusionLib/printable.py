"""Text from files and lists, made fit to be shown."""

from __future__ import annotations

import unicodedata


def printable(text: str, keep: str = "") -> str:
    r"""A text in which control and format characters, and lone surrogates, are spelled out.

    A NUL ends a table for many programs, an escape sequence rewrites what a terminal shows, and a
    right-to-left mark what is read.

    Args:
        text: from outside.
        keep: characters that stay as they are.

    Example:
        >>> printable("p1\0"), printable("1\n2", keep="\n")
        ('p1\\x00', '1\n2')
    """
    if text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode()
        if _unseen(letter) and letter not in keep
        else letter
        for letter in text
    )


def _unseen(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")
