"""Find fonts for names in any script, so that pictures do not show boxes for letters."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

BASE = "DejaVu Sans"  # comes with matplotlib
# Tried before all others: large families of upright sans-serif letters.
PREFERRED = (
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "Noto Sans CJK JP",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "NanumGothic",
    "NanumBarunGothic",
    "UnDotum",
    "Baekmuk Gulim",
    "Arial Unicode MS",
    "Noto Sans",
    "WenQuanYi Zen Hei",
)
# Letters of several colours, which cannot be drawn; and boxes, one for all letters of a script.
UNUSABLE = ("Color", "Last Resort")


def families_for(texts: Iterable[str]) -> tuple[list[str], frozenset[str]]:
    """Return the font families to draw texts with, in matplotlib's order, and the letters that none of them has.

    Example:
        >>> families_for(["val_loss"])
        (['DejaVu Sans'], frozenset())
    """
    letters = frozenset(letter for text in texts for letter in text if letter.isprintable() and not letter.isspace())
    families, missing = _search(letters)
    return list(families), missing


@lru_cache(maxsize=64)
def _search(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    from matplotlib.font_manager import fontManager

    families, missing = [BASE], letters - _letters_of(face_of(BASE)[0])
    if not missing:
        return tuple(families), missing
    upright = {entry.name: str(entry.fname) for entry in fontManager.ttflist if entry.style == "normal"}
    names = [name for name in PREFERRED if name in upright]
    names += sorted(name for name in upright if name not in PREFERRED and "Sans" in name and "Mono" not in name)
    names += sorted(name for name in upright if name not in names and not any(word in name for word in UNUSABLE))
    for name in names:
        covered = missing & _letters_of(upright[name])
        if covered:
            families.append(name)
            missing -= covered
        if not missing:
            break
    return tuple(families), missing


def face_of(family: str, *, bold: bool = False) -> tuple[str, int]:
    """Return the file of a family's upright letters, and which of the file's faces they are."""
    from matplotlib.font_manager import FontProperties, findfont

    path = findfont(FontProperties(family=[family], weight="bold" if bold else "normal"))
    return str(path), path.face_index


@lru_cache(maxsize=128)
def _letters_of(path: str) -> frozenset[str]:
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except RuntimeError:  # a font that FreeType cannot scale, such as one of pictures
        return frozenset()
