"""Bars and lines as SVG, readable on a light page and a dark one."""

import math
from html import escape

INK, FAINT, GRID, PAPER = "#24292f", "#57606a", "#d8dee4", "#ffffff"
FONT = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"


def short(number):
    """A number as a label: three digits."""
    if number == 0:
        return "0"
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if abs(number) >= unit * 0.9995:
            return f"{number / unit:.3g}{name}"
    return f"{number:.3g}" if number < 999.5 else f"{number:.0f}"


class Drawing:
    def __init__(self, width, height, title, subtitle):
        self.width, self.height = width, height
        self.parts = [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}' "
            f"role='img' aria-label='{escape(title, quote=True)}' {FONT}>",
            f"<rect width='{width}' height='{height}' rx='6' fill='{PAPER}'/>",
        ]
        self.text(20, 30, title, size=16, weight=600)
        self.text(20, 50, subtitle, size=12, colour=FAINT)

    def text(self, x, y, words, size=12, colour=INK, anchor="start", weight=400):
        # The outline in the page's colour keeps words apart from lines behind them.
        self.parts.append(
            f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{colour}' text-anchor='{anchor}' "
            f"font-weight='{weight}' paint-order='stroke' stroke='{PAPER}' stroke-width='4' "
            f"stroke-linejoin='round'>{escape(words)}</text>"
        )

    def line(self, x1, y1, x2, y2, colour=GRID, width=1):
        self.parts.append(
            f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' stroke-width='{width}'/>"
        )

    def box(self, x, y, width, height, colour):
        self.parts.append(
            f"<rect x='{x:.1f}' y='{y:.1f}' width='{max(width, 1):.1f}' height='{height:.1f}' rx='2' fill='{colour}'/>"
        )

    def dot(self, x, y, colour):
        self.parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3.5' fill='{colour}'/>")

    def path(self, points, colour):
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f"<polyline points='{way}' fill='none' stroke='{colour}' stroke-width='2'/>")

    def finish(self):
        return "\n".join([*self.parts, "</svg>", ""])


class Scale:
    """From values to places along an axis, which begins at 0, or is logarithmic if the values differ much."""

    def __init__(self, values, start, end, spread_max):
        top, least = max(values), min(value for value in values if value > 0)
        self.is_log = top / least > spread_max
        self.start, self.end = start, end
        self.low, self.high = (least / 1.6, top * 1.15) if self.is_log else (0, top * 1.08)

    def at(self, value):
        if self.is_log:
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = value / self.high
        return self.start + share * (self.end - self.start)

    def ticks(self):
        if self.is_log:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            factors = (1, 2, 5) if self.high / self.low < 1000 else (1,)
            marks = [factor * 10.0**decade for decade in decades for factor in factors]
            return [mark for mark in marks if self.low <= mark <= self.high]
        rough = self.high / 5
        step = 10 ** math.floor(math.log10(rough))
        step *= next(factor for factor in (1, 2, 5, 10) if factor * step >= rough)
        return [count * step for count in range(int(self.high / step) + 1)]


def bars(title, subtitle, axis, groups):
    """`groups`: (label, [(name, colour, estimate)]). One bar a name, with the interval as a whisker."""
    left, bar, gap, head = 170, 16, 4, 26
    heights = [head + len(members) * (bar + gap) + 10 for _, members in groups]
    drawing = Drawing(820, 66 + sum(heights) + 46, title, subtitle)
    values = [estimate.median for _, members in groups for _, _, estimate in members]
    scale = Scale(values, left, 740, spread_max=25)
    bottom = drawing.height - 46
    for tick in scale.ticks():
        drawing.line(scale.at(tick), 66, scale.at(tick), bottom)
        drawing.text(scale.at(tick), bottom + 16, short(tick), size=11, colour=FAINT, anchor="middle")
    drawing.text(left, bottom + 34, axis + (" (logarithmic)" if scale.is_log else ""), size=11, colour=FAINT)
    y = 66
    for (label, members), height in zip(groups, heights, strict=True):
        drawing.text(20, y + 18, label, size=13, weight=600)
        for at, (name, colour, estimate) in enumerate(members):
            top = y + head + at * (bar + gap)
            drawing.text(
                left - 8, top + bar - 4, name, size=12, anchor="end", weight=600 if name.startswith("Sluice") else 400
            )
            drawing.box(left, top, scale.at(estimate.median) - left, bar, colour)
            middle = top + bar / 2
            drawing.line(scale.at(estimate.low), middle, scale.at(estimate.high), middle, INK, 1.5)
            drawing.text(
                scale.at(max(estimate.median, estimate.high)) + 6,
                top + bar - 4,
                short(estimate.median),
                size=11,
                colour=FAINT,
            )
        y += height
    return drawing.finish()


def lines(title, subtitle, x_axis, y_axis, series):
    """`series`: (name, colour, [(x, estimate)]). x by its logarithm."""
    left, right, top, bottom = 80, 640, 80, 330
    drawing = Drawing(820, 390, title, subtitle)
    xs = sorted({x for _, _, points in series for x, _ in points})
    across = Scale(xs, left, right, spread_max=1)
    values = [estimate.high for _, _, points in series for _, estimate in points]
    up = Scale(values, bottom, top, spread_max=6)
    for tick in up.ticks():
        drawing.line(left, up.at(tick), right, up.at(tick))
        drawing.text(left - 8, up.at(tick) + 4, short(tick), size=11, colour=FAINT, anchor="end")
    for x in xs:
        drawing.line(across.at(x), bottom, across.at(x), bottom + 4, FAINT)
        drawing.text(across.at(x), bottom + 18, f"{x:,}", size=11, colour=FAINT, anchor="middle")
    drawing.text((left + right) / 2, bottom + 40, x_axis, size=12, colour=FAINT, anchor="middle")
    drawing.text(20, top - 12, y_axis + (" (logarithmic)" if up.is_log else ""), size=11, colour=FAINT)
    for at, (name, colour, points) in enumerate(series):
        drawing.path([(across.at(x), up.at(estimate.median)) for x, estimate in points], colour)
        for x, estimate in points:
            drawing.line(across.at(x), up.at(estimate.low), across.at(x), up.at(estimate.high), colour, 1.5)
            drawing.dot(across.at(x), up.at(estimate.median), colour)
        drawing.box(right + 20, top + at * 22, 14, 14, colour)
        drawing.text(right + 40, top + at * 22 + 12, name, size=12)
    return drawing.finish()
