"""The report as a badge: a small picture of the verdict."""

from collections.abc import Sequence
from html import escape

from ..certificates.certificate import Certificate
from ..certificates.verdict import CONFORMS, FAILS

GREEN, RED, YELLOW = "#1a7f37", "#b3261e", "#8a6100"
"""Dark enough for white text."""

SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {told}">
<title>{label}: {told}</title>
<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#444"/>
<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{middle_left}" y="14" textLength="{text_left}" lengthAdjust="spacingAndGlyphs">{label}</text>
<text x="{middle_right}" y="14" textLength="{text_right}" lengthAdjust="spacingAndGlyphs">{told}</text></g>
</svg>
"""


def svg_of(certificates: Sequence[Certificate]) -> str:
    """The picture, for one backend or several."""
    contracts = ", ".join(sorted({certificate.header.contract for certificate in certificates}))
    levels = ", ".join(dict.fromkeys(certificate.header.level for certificate in certificates))
    verdicts = [certificate.footer.verdict if not certificate.doubts else "?" for certificate in certificates]
    good = verdicts.count(CONFORMS)
    told = verdicts[0] if len(verdicts) == 1 else f"{good} of {len(verdicts)} conform"
    declared = any(certificate.footer.waived for certificate in certificates)
    colour = GREEN if good == len(verdicts) else RED if FAILS in verdicts else YELLOW
    return _drawn(f"RCMLRS contract {contracts}", f"{levels}: {told}{', with waivers' if declared else ''}", colour)


def _drawn(label: str, told: str, colour: str) -> str:
    text_left, text_right = (round(6.4 * len(text)) for text in (label, told))  # of Verdana at this size, on average
    left, right = text_left + 12, text_right + 12
    return SVG.format(
        label=escape(label),
        told=escape(told),
        colour=colour,
        width=left + right,
        left=left,
        right=right,
        text_left=text_left,
        text_right=text_right,
        middle_left=left / 2,
        middle_right=left + right / 2,
    )
