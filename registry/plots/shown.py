"""A matplotlib figure that a notebook shows by itself, where nobody has imported pyplot."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure that is drawn where it ends a notebook's cell."""

    def _repr_png_(self) -> bytes:
        self.savefig(picture := io.BytesIO(), format="png")
        return picture.getvalue()
