"""What several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

RefArgument = Annotated[str, typer.Argument(metavar="REF", help="MODEL (its best), MODEL/3 or MODEL@ALIAS.")]
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="A registered model's name.")]
