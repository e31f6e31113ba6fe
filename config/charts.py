"""Coordinates of the small charts; the macros in templates/macros/chart.html draw them as SVG."""

from collections.abc import Sequence

MARGIN = 4


def line_points(values: Sequence[float], width: int, height: int) -> list[tuple[float, float]]:
    """One (x, y) per value inside width × height, from left to right; zero is on the ground, the largest at the top."""
    top = max([*values, 0]) or 1
    step = (width - 2 * MARGIN) / max(1, len(values) - 1)
    rise = (height - 2 * MARGIN) / top
    return [
        (round(MARGIN + step * place, 1), round(height - MARGIN - rise * value, 1))
        for place, value in enumerate(values)
    ]


def bar_length(value: float, largest: float) -> float:
    """Length of a bar in hundredths of the longest; something that is not nothing is always visible."""
    if value <= 0 or largest <= 0:
        return 0
    return max(1, round(100 * value / largest, 1))
