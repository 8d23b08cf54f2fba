"""A text as a QR code, drawn as SVG: what a telephone scans off a screen. Encoded by zxing-cpp (decision 0019)."""

import numpy as np
from zxingcpp import BarcodeFormat, create_barcode

LEAST_PX = 200  # from edge to edge of the code itself; its quiet zone comes on top
QUIET = 4  # modules on each side that stay white, as the standard asks
_MIDDLE = "M"  # a screen is neither dirty nor torn, and a larger code has smaller squares


def qr_svg(text: str) -> bytes:
    """Draw a QR code, every square of it a whole number of pixels; black on white in every colour scheme."""
    squares = np.asarray(create_barcode(text, BarcodeFormat.QRCode, ec_level=_MIDDLE).to_image(add_quiet_zones=False))
    size = len(squares)
    whole = size + 2 * QUIET
    pixels = whole * -(-LEAST_PX // size)
    path = "".join(f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, x in np.argwhere(squares == 0).tolist())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}" viewBox="0 0 {whole} {whole}"'
        f' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{whole}v{whole}h-{whole}z"/>'
        f'<path d="{path}"/></svg>'
    ).encode()
