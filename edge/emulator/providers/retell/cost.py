"""What a call costs, in cents, at Retell's list prices by product."""

from typing import Any, Final

# Cents per second; see https://www.retellai.com/pricing.
_UNIT_PRICES: Final = (
    ("elevenlabs_tts", 0.1166667),
    ("gpt_4_1", 0.075),
    ("us_telephony", 0.025),
)


def render_cost(duration_ms: int) -> dict[str, Any]:
    """The `call_cost` of a call object; a call that nobody answered costs nothing."""
    seconds = round(duration_ms / 1000)
    products = [
        {"product": product, "unit_price": price, "cost": round(price * seconds, 4)}
        for product, price in _UNIT_PRICES
        if seconds
    ]
    return {
        "product_costs": products,
        "total_duration_seconds": seconds,
        "total_duration_unit_price": round(sum(price for _, price in _UNIT_PRICES), 7),
        "combined_cost": round(sum(price for _, price in _UNIT_PRICES) * seconds, 4),
    }
