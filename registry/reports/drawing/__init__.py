"""Drawing: canvas, scales, SVG."""
