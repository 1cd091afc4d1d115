"""From samples to rows: what each cause may take (docs/detection.md), and whether it did."""

import math

CLEAN = (0, 50, "p99")  # one round trip and a commit, on one machine
# (cause, what is measured) → (least, most, of which figure), milliseconds
BOUNDS = {
    ("clean hang-up", "the other side knows"): CLEAN,
    ("decline", "the caller knows"): CLEAN,
    ("cancel", "the callee's devices know"): CLEAN,
    ("answered elsewhere", "the other device stops ringing"): CLEAN,
    ("socket closed (FIN) in a call", "peer_unstable"): (0, 300, "max"),
    ("socket closed (RST) in a call", "peer_unstable"): (0, 300, "max"),
    ("caller's socket closed while it rings, no way back", "peer_unstable"): (0, 300, "max"),
    ("caller's socket closed while it rings, no way back", "the ringing ends"): (0, 11_000, "max"),
    ("process killed in a call", "peer_unstable"): (0, 300, "max"),
    ("process killed in a call", "dropped"): (19_500, 20_500, "max"),
    ("caller's process killed while it rings", "the ringing ends"): (0, 11_000, "max"),
    ("silent loss in a call", "peer_unstable"): (0, 3_000, "p99"),
    # The last sign of life came up to a heartbeat (1 s) before the loss; the grace counts from there.
    ("silent loss in a call", "dropped"): (18_500, 20_500, "max"),
    ("silent loss in a call", "the lost side's own watchdog"): (18_500, 20_500, "max"),
    ("silent loss of the caller while it rings", "the ringing ends"): (0, 10_050, "max"),
    ("silent loss of the callee while it rings", "its own ringing ends"): (0, 10_050, "max"),
    ("nobody reachable", "the caller knows"): (19_750, 20_250, "max"),
    ("nobody answers", "the caller knows"): (44_750, 45_250, "max"),
}


def percentile(values, share):
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def rows_of(samples, false_ends):
    return [row_of(key, samples[key]) for key in BOUNDS] + [row_of_false_ends(found) for found in false_ends]


def row_of(key, values):
    least, most, figure = BOUNDS[key]
    figures = {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99), "max": max(values)}
    holds = min(values) >= least and figures[figure] <= most
    bound = f"{figure} ≤ {text_of(most)}" if least == 0 else f"{text_of(least)} to {text_of(most)}"
    return {"cause": key[0], "measured": key[1], "bound": bound, "least_ms": least, "most_ms": most, "n": len(values),
            "min": round(min(values), 2), **{name: round(value, 2) for name, value in figures.items()},
            "verdict": "holds" if holds else "BROKEN"}


def row_of_false_ends(found):
    call_minutes = found["lived"] * found["minutes"]
    return {"cause": found["cause"], "measured": f"calls that ended, in {call_minutes:.0f} call-minutes", "bound": "0",
            "least_ms": 0, "most_ms": 0, "n": found["calls"], "ended": found["ended"], "doubts": found["unstable"],
            "verdict": "BROKEN" if found["ended"] else "holds"}


def text_of(milliseconds):
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:g} s"


def table(rows):
    head = ("cause", "what is measured", "bound", "n", "p50", "p99", "max", "verdict")
    lines = [head] + [cells_of(row) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    texts = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    texts.insert(1, "  ".join("-" * width for width in widths))
    for row in rows:
        texts += [f"  ended: {end}" for end in row.get("ended", [])[:20]]
    return "\n".join(texts)


def cells_of(row):
    if "p50" not in row:
        return (row["cause"], row["measured"], row["bound"], str(row["n"]), "-", "-", str(len(row["ended"])), row["verdict"])
    return (row["cause"], row["measured"], row["bound"], str(row["n"]), *(shown(row[name]) for name in ("p50", "p99", "max")), row["verdict"])


def shown(milliseconds):
    return f"{milliseconds:.1f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f} s"


def columns(lines):
    """Rows of texts as a table: the first column to the left, figures to the right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(line, widths))) for line in lines)
