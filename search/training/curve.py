"""The course of a training as a picture: losses and mAP over time, as an SVG file of its own."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 56, 24, 44
COLORS = {"loss": "#0072B2", "map": "#D55E00"}
NAMES = {"loss": "loss (left)", "map": "mAP on classes held out (right)"}


def draw_curve(curve: Sequence[dict[str, float]]) -> str:
    """Draw the loss (left scale) and the mAP on classes held out (right scale) over the minutes of training.

    Parameters
    ----------
    curve : notes with "seconds" and "loss" or "map", in order

    Returns
    -------
    svg : a whole file; without notes, only the frame
    """
    lines = {name: [(note["seconds"] / 60, note[name]) for note in curve if name in note] for name in COLORS}
    # A training that was stopped at once has no length to divide by.
    minutes = max([1e-9, *(x for points in lines.values() for x, _y in points)])
    parts = [_frame(minutes)]
    for place, (name, points) in enumerate(lines.items()):
        if points:
            parts.append(_line(name, points, minutes, place))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12" role="img">\n<title>Course of the training</title>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _frame(minutes: float) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    ticks = "".join(
        f'<text x="{LEFT + part * (right - LEFT) / 4:.1f}" y="{bottom + 18}" text-anchor="middle">'
        f"{minutes * part / 4:.3g}</text>"
        for part in range(5)
    )
    return (
        f'<path d="M{LEFT} {TOP}V{bottom}H{right}V{TOP}" fill="none" stroke="#666666"/>\n{ticks}'
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 8}" text-anchor="middle">minutes of training</text>'
    )


def _line(name: str, points: Sequence[tuple[float, float]], minutes: float, place: int) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    # Each line has a scale of its own, because losses and mAP have nothing in common but the time.
    top = max(max(y for _x, y in points), 1e-9)
    path = " ".join(
        f"{LEFT + x / minutes * (right - LEFT):.1f},{bottom - y / top * (bottom - TOP):.1f}" for x, y in points
    )
    scale_x, anchor = (LEFT - 6, "end") if place == 0 else (right + 6, "start")
    color = COLORS[name]
    scale = "".join(
        f'<text x="{scale_x}" y="{bottom - part * (bottom - TOP) / 4 + 4:.1f}" text-anchor="{anchor}" fill="{color}">'
        f"{top * part / 4:.2g}</text>"
        for part in range(5)
    )
    legend = f'<text x="{LEFT + 12 + 160 * place}" y="{TOP - 8}" fill="{color}">{NAMES[name]}</text>'
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>\n{scale}{legend}'
