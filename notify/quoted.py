"""Text as a letter carries it: who measures a letter and who writes it ask for the same. Pure."""

import binascii
from functools import lru_cache


@lru_cache(maxsize=4)  # the two forms of the letter at hand, and of the one that was measured before
def quoted(text: str) -> str:
    r"""Return *text* in quoted-printable lines, as bytes of UTF-8.

    >>> quoted("a = b\n–\n")
    'a =3D b\r\n=E2=80=93\r\n'
    """
    # Not by the library, which takes several times as long for the same bytes: a digest has thousands of lines.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    return binascii.b2a_qp(lines).decode("ascii").replace("\n", "\r\n")
