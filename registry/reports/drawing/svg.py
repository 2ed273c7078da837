"""Turn matplotlib's SVG into markup that lives inside a page.

The page's style sheet decides the colours, so that one picture serves light, dark and paper: while drawing,
each role has a colour of its own that stands for it (`ROLES`), and here it becomes a class (``f-ink`` fills with ink,
``s-ink`` strokes). No ``style`` attribute is left, so the page's Content-Security-Policy can forbid them.
Text stays text, in the page's own fonts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

# Okabe and Ito's colours have the names c1 to c6; their values are in page.css.
ROLES = {
    "ink": "#000001",
    "soft": "#000002",
    "line": "#000003",
    "paper": "#000004",
    "c1": "#000011",
    "c2": "#000012",
    "c3": "#000013",
    "c4": "#000014",
    "c5": "#000015",
    "c6": "#000016",
}
_CLASS_OF = {colour: role for role, colour in ROLES.items()}
_KEPT_STYLES = {
    "fill-opacity",
    "font-size",
    "font-weight",
    "opacity",
    "stroke-dasharray",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-opacity",
    "stroke-width",
    "text-anchor",
}
_NUMBERS = ("d", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "transform", "points")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_HREF = "{http://www.w3.org/1999/xlink}href"


def inline(svg: str, *, alt: str, prefix: str, ends: str = "") -> str:
    """Return the picture as an ``<svg>`` element for an HTML page.

    Args:
        svg: what matplotlib wrote, drawn in the colours of `ROLES`.
        alt: what the picture shows, for those who do not see it.
        prefix: begins every id, so that pictures of one page do not meet.
        ends: where its axes begin and end, for who draws more into it; empty where nobody does.

    Raises:
        ValueError: a colour that is no role; the picture would not follow the page.
    """
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own drawing
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    _rename_ids(root, prefix)
    for element in root.iter():
        _clean(element)
    for element in list(root.iter("g")):
        _share(element)
    view = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib.update({"viewBox": view, "role": "img", "aria-label": alt} | ({"data-ends": ends} if ends else {}))
    return ElementTree.tostring(root, encoding="unicode")


def standalone(markup: str, size: tuple[float, float], colours: Mapping[str, str]) -> str:
    """Return an inlined picture as a file of its own, with a style sheet and a white ground.

    Args:
        markup: what `inline` returned.
        size: its width and height.
        colours: role to colour.
    """
    rules = "".join(f".f-{role}{{fill:{c}}}.s-{role}{{stroke:{c}}}" for role, c in colours.items())
    style = f"<style>text{{font-family:system-ui,sans-serif}}{rules}</style>"
    ground = f'<rect width="{size[0]:g}" height="{size[1]:g}" fill="#ffffff"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]:g}" height="{size[1]:g}" '
    return markup.replace("<svg ", head, 1).replace(">", f">{style}{ground}", 1)


def _rename_ids(root: ElementTree.Element, prefix: str) -> None:
    """Keep the ids that something points to, under short names."""
    used: dict[str, str] = {}
    for element in root.iter():
        for target in re.findall(r"#([\w.]+)", element.get(_HREF, "") + element.get("clip-path", "")):
            used.setdefault(target, f"{prefix}{len(used)}")
    for element in root.iter():
        name = element.attrib.pop("id", None)
        if name in used:
            element.set("id", used[name])
        if _HREF in element.attrib:
            element.set("href", "#" + used[element.attrib.pop(_HREF)[1:]])
        if "clip-path" in element.attrib:
            element.set("clip-path", f"url(#{used[element.attrib['clip-path'][5:-1]]})")


def _clean(element: ElementTree.Element) -> None:
    element.tag = element.tag.rpartition("}")[2]
    element.tail = None
    if element.text is not None and not element.text.strip():
        element.text = None
    classes = []
    for declaration in filter(str.strip, element.attrib.pop("style", "").split(";")):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name in ("fill", "stroke") and value != "none":
            classes.append(f"{name[0]}-{_role(value)}")
        elif name in ("fill", "stroke") or name in _KEPT_STYLES:
            element.set(name, value)
    if classes:
        element.set("class", " ".join(classes))
    for name in _NUMBERS:
        if name in element.attrib:
            element.set(name, _short(element.attrib[name]))
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]


def _role(colour: str) -> str:
    if colour not in _CLASS_OF:
        raise ValueError(f"the picture has the colour {colour}; expected one of {', '.join(ROLES)}")
    return _CLASS_OF[colour]


def _short(numbers: str) -> str:
    rounded = _NUMBER.sub(lambda match: f"{float(match[0]):.2f}".rstrip("0").rstrip(".") or "0", numbers)
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", rounded.strip()) if rounded.lstrip()[:1] == "M" else rounded


def _share(group: ElementTree.Element) -> None:
    """Say once, on the group, what all its markers have in common."""
    children = list(group)
    if len(children) < 2 or any(child.tag != "use" for child in children):
        return
    looks = [{k: v for k, v in child.attrib.items() if k not in ("href", "x", "y")} for child in children]
    if any(look != looks[0] for look in looks):
        return
    group.attrib.update(looks[0])
    for child in children:
        for name in looks[0]:
            del child.attrib[name]
