"""What a day has cost by the model of docs/cost/README.md. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, TypedDict

from dragoman.digests import Row

MILLIONTH: Final = Decimal("0.000001")

# Quantities by the names of prices.json.
Quantities = Mapping[str, Decimal]


class CostItem(TypedDict):
    """amount: in the currency of the whole."""

    name: str
    quantity: float
    unit: str
    price: float
    amount: float


class Cost(TypedDict):
    """The dearest item first; total is the sum of the amounts before they were rounded."""

    total: float
    currency: str
    items: list[CostItem]


def quantities(rows: Iterable[Row], judged_units: int, usage: Mapping[str, Mapping[str, Any]]) -> Quantities:
    """How much of everything a day has used: what the rows say of themselves, and the model's figures for each
    message, part, picture and the digest."""
    total, units = Counter[str](), Counter({"digest": 1})
    for row in rows:
        used = Counter({name: int(str(amount)) for name, amount in row["usage"].items()})
        units += Counter({"part": used.pop("parts", 0), "picture": row.get("pictures", 0)})
        units += Counter({row["direction"]: 1, "digestReport": 1})
        total += used
    total["comprehend"] += judged_units
    result = {name: Decimal(amount) for name, amount in total.items()}
    for kind, number in units.items():
        for name, each in usage.get(kind, {}).items():
            result[name] = result.get(name, Decimal()) + number * Decimal(str(each))
    return result


def cost(used: Quantities, book: Mapping[str, Any]) -> Cost:
    """The bill. Raises KeyError for something that has no price."""
    items, total = list[CostItem](), Decimal()
    for name, quantity in used.items():
        price = book["prices"][name]
        amount = quantity * Decimal(str(price["price"]))
        total += amount
        if quantity:
            rounded = float(quantity.quantize(Decimal("0.001"))), float(amount.quantize(MILLIONTH))
            items.append(
                {
                    "name": price["name"],
                    "quantity": rounded[0],
                    "unit": price["unit"],
                    "price": price["price"],
                    "amount": rounded[1],
                }
            )
    items.sort(key=lambda item: (-item["amount"], item["name"]))
    return {"total": float(total.quantize(MILLIONTH)), "currency": book["currency"], "items": items}
