"""A box in the middle of a page, drawn into its lines: what is below goes on living around it."""

from kalshi_assistant.ui.renderables.ink import Line, Span, fit, length


def framed_over(lines: list[Line], box: list[Line], width: int) -> list[Line]:
    """``lines``, all ``width`` wide, with ``box`` framed in the middle of them."""
    if not box or len(lines) < len(box) + 2:
        return lines
    inner = length(box[0])
    left, top = max(0, (width - inner - 2) // 2), (len(lines) - len(box) - 2) // 2
    edge: Span = ("─" * inner, "faint")
    framed: list[Line] = [
        (("┌", "faint"), edge, ("┐", "faint")),
        *((("│", "faint"), *content, ("│", "faint")) for content in box),
        (("└", "faint"), edge, ("┘", "faint")),
    ]
    drawn = list(lines)
    for row, content in enumerate(framed, start=top):
        under = lines[row]
        right = left + inner + 2
        drawn[row] = fit((*_cut(under, 0, left), *content, *_cut(under, right, width)), width)
    return drawn


def _cut(content: Line, start: int, end: int) -> Line:
    """The cells from ``start`` to ``end`` (not included) of a line."""
    pieces: list[Span] = []
    x = 0
    for text, role in content:
        piece = text[max(0, start - x) : max(0, end - x)]
        if piece:
            pieces.append((piece, role))
        x += len(text)
    return tuple(pieces)
