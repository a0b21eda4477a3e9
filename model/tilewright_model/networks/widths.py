"""The widths that a network may have: those of a network file."""

WEIGHT_BITS, ACT_BITS = range(2, 9), range(1, 9)


def check_widths(*pairs: tuple[int, int]) -> None:
    """Checks pairs of widths, bits of weights and of activations.

    Raises:
        ValueError: one is outside.
    """
    for weight_bits, act_bits in pairs:
        whole = type(weight_bits) is int and type(act_bits) is int
        if not whole or weight_bits not in WEIGHT_BITS or act_bits not in ACT_BITS:
            raise ValueError(
                f"widths are weights {weight_bits}, activations {act_bits}; weights may have {WEIGHT_BITS[0]} to "
                f"{WEIGHT_BITS[-1]} bits, activations {ACT_BITS[0]} to {ACT_BITS[-1]}"
            )
