"""Small contracts in place of large ones: XSP and VXM, of which a small account has whole lots (R42)."""

from typing import Final

from alvh.errors import SpecError
from alvh.playbook.layer import Layer

__all__ = ["SMALLER", "smaller"]

SMALLER: Final = {"SPXW": "XSP", "SPX": "XSP", "VX": "VXM"}
"""A tenth of the size each."""


def smaller(layer: Layer) -> Layer:
    """Return a layer that trades the smallest contract of its kind (R42).

    Widths as a share of the spot, deltas and expected moves say the same of either contract. What is written
    in product points does not: a wing of 5 points would be ten times as wide.

    Raises
    ------
    SpecError
        Strikes are written in product points.

    Examples
    --------
    >>> from alvh.playbook import preset
    >>> [smaller(layer).product for layer in preset("alvh_0").layers]
    ['XSP', 'VIX', 'VIX', 'VXM', 'XSP']
    """
    if layer.buy is not None:
        product = layer.buy.product
        names = (product,) if isinstance(product, str) else product
        kept = tuple(dict.fromkeys(SMALLER.get(name, name) for name in names))
        buy = layer.buy.model_copy(update={"product": kept[0] if len(kept) == 1 else kept})
        return layer.model_copy(update={"buy": buy})
    assert layer.sell is not None  # noqa: S101 -- a layer sells or buys
    if layer.sell.product not in SMALLER:
        return layer
    strikes = layer.strikes
    if strikes is not None and (strikes.width_points is not None or strikes.credit is not None):
        key = "width_points" if strikes.width_points is not None else "credit"
        small = SMALLER[layer.sell.product]
        raise SpecError(
            f"layer {layer.name!r}: strikes.{key}: points of {layer.sell.product} are not those of {small}. "
            f"Mend: write a layer of {small} with strikes of its own, or a width as a share of the spot"
        )
    sell = layer.sell.model_copy(update={"product": SMALLER[layer.sell.product]})
    return layer.model_copy(update={"sell": sell})
