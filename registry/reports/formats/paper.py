"""A4 paper that is filled from top to bottom by fpdf2: fonts, paragraphs, headings, lines and pictures."""

from __future__ import annotations

import html
import io
import itertools
import re
import unicodedata

from fpdf import FPDF
from fpdf.bidi import BidiParagraph
from fpdf.enums import TextDirection
from fpdf.fonts import TTFFont

from registry.plots.fonts import BASE, face_of, families_for
from registry.reports.drawing.canvas import PRINTED, Drawing

MARGIN, GAP = 42.0, 14.0  # in points, as all lengths here
NO_LETTER = "\N{REPLACEMENT CHARACTER}"
_PIECE = re.compile(r".+?(?:[\s_/,;.:=-]+|$)")  # after which a line may end
_TEXT = re.compile(r"(<text [^>]*>)([^<]*)")


class Paper(FPDF):
    """Pages with a number each."""

    def __init__(self) -> None:
        super().__init__(unit="pt", format="A4")
        self._families: list[str] = []
        self._fonts: dict[str, str | None] = {}
        self._add(BASE)
        self.add_font("f0", "B", face_of(BASE, bold=True)[0])
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, MARGIN)
        self.c_margin = 0
        self.set_lang("en")
        self.add_page()

    def finished(self) -> bytes:
        """Return the file, and let go of the fonts' files."""
        data = bytes(self.output())
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.close()
        return data

    def footer(self) -> None:
        """Write the page's number, and whether letters are missing; fpdf2 asks for it."""
        self.set_y(-34)
        self.pen(8, "soft")
        if None in self._fonts.values():
            self.cell(0, 8, "No font on this machine has some of the letters; the HTML report shows them.", align="C")
        self.set_y(-24)
        self.cell(0, 8, str(self.page_no()), align="C")

    def pen(self, size: float, colour: str = "ink", *, bold: bool = False) -> None:
        """Choose the look of what is written next."""
        self.set_font("f0", "B" if bold else "", size)
        self.set_text_color(PRINTED.get(colour, PRINTED["soft"]))

    def plain(self, text: str) -> str:
        """Return the text in one line as it is drawn from left to right, Hebrew and Arabic in their order."""
        text = self._lettered(text)
        if not any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text):
            return text
        return BidiParagraph(text, base_direction=TextDirection.LTR).get_reordered_string()

    def _lettered(self, text: str) -> str:
        """Return the text in one line, with another letter for those that no font has."""
        letters = filter(str.isprintable, " ".join(text.split()))
        return "".join(letter if self._font_of(letter) else NO_LETTER for letter in letters)

    def broken(self, text: str, width: float) -> str:
        """Return a line as lines of that width: broken after a space, else a sign within a word, else anywhere."""
        lines, line, most = [], "", width + 0.01  # for what was rounded
        for piece in _PIECE.findall(text):
            if line and self.get_string_width(f"{line}{piece}".rstrip()) > most:
                lines.append(line)
                line = ""
            for letter in piece:
                if line and letter != " " and self.get_string_width(line + letter) > most:
                    lines.append(line)
                    line = ""
                line += letter
        return "\n".join(part.rstrip() for part in [*lines, line])

    def _font_of(self, letter: str) -> str | None:
        """Return the font that has the letter; it is looked for on the machine when the letter first occurs."""
        if letter not in self._fonts:
            families, missing = families_for([letter])
            self._fonts[letter] = None if missing else self._add(families[-1])
        return self._fonts[letter]

    def _add(self, family: str) -> str:
        if family not in self._families:
            path, face = face_of(family)
            self.add_font(f"f{len(self._families)}", fname=path, collection_font_number=face)
            self._families.append(family)
            self.set_fallback_fonts([f"f{n}" for n in range(1, len(self._families))], exact_match=False)
        return f"f{self._families.index(family)}"

    def room(self, height: float) -> None:
        """Begin a new page where that height does not fit on this one."""
        if self.y > MARGIN and self.will_page_break(height):
            self.add_page()

    def say(
        self, text: str, *, size: float = 9, bold: bool = False, colour: str = "ink", before: float = 0, keep: float = 0
    ) -> None:
        """Write a paragraph.

        Args:
            text: what; nothing is written where it is empty.
            size: of the letters.
            bold: whether they are.
            colour: their role.
            before: the gap above it.
            keep: the height of what must be on the same page below it.
        """
        if not (text := self.plain(text)):
            return
        self.room(before + size * 1.45 + keep)
        self.pen(size, colour, bold=bold)
        self.set_y(self.y + (before if self.y > MARGIN else 0))
        self.multi_cell(0, size * 1.45, text, align="L", new_x="LMARGIN", new_y="NEXT")

    def height_of(self, text: str, size: float) -> float:
        """Return how high a paragraph is."""
        self.pen(size)
        return float(self.multi_cell(0, size * 1.45, self.plain(text), align="L", dry_run=True, output="HEIGHT"))  # type: ignore[arg-type]

    def heading(self, title: str, level: int, *, size: float, keep: float) -> None:
        """Write a heading, which a reader's program lists, too."""
        self.room(size * 3 + keep)
        self.start_section(self._lettered(title), level)
        self.say(title, size=size, bold=True, before=size * 1.4)

    def stroke(self, role: str, width: float, begin: float, end: float, y: float, *, dashed: bool = False) -> None:
        """Draw a level line."""
        with self.local_context(draw_color=PRINTED.get(role, PRINTED["soft"]), line_width=width):
            self.set_dash_pattern(*((3, 2) if dashed else ()))
            self.line(begin, y, end, y)

    def picture(self, drawing: Drawing, x: float, y: float, width: float, height: float) -> None:
        """Put a picture somewhere, with its words in the fonts that have their letters."""

        def named(match: re.Match[str]) -> str:
            runs = itertools.groupby(self.plain(html.unescape(match[2])), self._font_of)
            spans = (f'<tspan font-family="{font}">{html.escape("".join(run))}</tspan>' for font, run in runs)
            return match[1].replace('px"', '"') + "".join(spans)

        svg = io.BytesIO(_TEXT.sub(named, drawing.standalone()).encode())
        self.image(svg, x, y, w=width, h=height, alt_text=drawing.alt)
