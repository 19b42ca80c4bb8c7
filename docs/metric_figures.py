"""The small figures of docs/metrics/: one SVG a metric, seven ladders side by side."""

# Okabe and Ito's colours; in grey OSIE is the solid line with discs, the phantom dashed, squares.
STYLES = {"osie": ("#D55E00", ""), "phantom": ("#0072B2", ' stroke-dasharray="4 2"')}
LABELS = {"osie": "OSIE", "phantom": "phantom-v1"}
PANEL, GAP, LEFT, TOP, HEIGHT = 84, 10, 46, 34, 84


def ladders_svg(metric, found) -> str:
    """Mean along each ladder; all panels share the vertical axis, strengths are evenly spaced."""
    from gazesearch.evaluation.corruptions import LADDERS

    names = list(LADDERS)
    lines = {
        (source, name): found[source]["ladders"][name]["means"].get(metric.name)
        for source in STYLES
        for name in names
    }
    values = [v for line in lines.values() if line for v in line if v is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    width = LEFT + len(names) * (PANEL + GAP) + 4
    height = TOP + HEIGHT + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="10">',
        f"<title>{metric.title}: mean along seven ladders of corruption</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *legend(lines),
        f'<text x="{LEFT - 5}" y="{TOP + 8}" text-anchor="end">{high:.3g}</text>',
        f'<text x="{LEFT - 5}" y="{TOP + HEIGHT}" text-anchor="end">{low:.3g}</text>',
    ]
    for number, name in enumerate(names):
        left = LEFT + number * (PANEL + GAP)
        parts.append(
            f'<rect x="{left}" y="{TOP}" width="{PANEL}" height="{HEIGHT}" fill="none" '
            'stroke="#cccccc"/>'
        )
        parts.append(
            f'<text x="{left + PANEL / 2:g}" y="{TOP + HEIGHT + 14}" text-anchor="middle">'
            f"{name}</text>"
        )
        for source in STYLES:
            parts += curve(lines[source, name], source, left, low, high)
    parts.append(
        f'<text x="{LEFT}" y="{height - 4}" fill="#555555">strength grows to the right, 0 at the '
        f"left edge; {'higher' if metric.higher_is_better else 'lower'} is better</text>"
    )
    return "\n".join([*parts, "</svg>"])


def legend(lines):
    x = LEFT
    for source, (colour, dashes) in STYLES.items():
        if any(line for (of, _), line in lines.items() if of == source):
            yield (
                f'<line x1="{x}" y1="14" x2="{x + 22}" y2="14" stroke="{colour}" '
                f'stroke-width="1.5"{dashes}/>'
            )
            yield mark(source, x + 11, 14)
            yield f'<text x="{x + 27}" y="18">{LABELS[source]}</text>'
        x += 90


def curve(means, source, left, low, high):
    """A line with a mark at each strength; gaps where undefined."""
    if not means:
        return
    colour, dashes = STYLES[source]
    step = (PANEL - 12) / (len(means) - 1)
    points = [
        (left + 6 + k * step, TOP + 5 + (HEIGHT - 10) * (high - value) / (high - low))
        for k, value in enumerate(means)
        if value is not None
    ]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="1.5"{dashes}/>'
    for x, y in points:
        yield mark(source, x, y)


def mark(source, x, y) -> str:
    colour, _ = STYLES[source]
    if source == "osie":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{colour}"/>'
    return f'<rect x="{x - 2.2:.1f}" y="{y - 2.2:.1f}" width="4.4" height="4.4" fill="{colour}"/>'
