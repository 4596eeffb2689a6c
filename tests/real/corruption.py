"""Values of wrong types, for each kind of attribute."""

import pytest

from items import ONE_OF_EACH

LIST = ("L", "SS")
WRONG_LISTS = {"L-of-N": [1], "L-of-S-and-N": ["x", 1], "L-of-BOOL": [True], "L-of-L": [["x"]], "L-of-M": [{}]}


def wrong(right, lists: dict):
    """Each value whose type is not one of the right ones, with a name."""
    right = (right,) if isinstance(right, str) else right
    others = {name: value for name, value in ONE_OF_EACH.items() if name not in right}
    return {**others, **(lists if "SS" in right else {})}.items()


def table(attributes: dict, lists: dict = WRONG_LISTS):
    """The parameters of a test: each attribute, by the types that it may have, with each that it may not have."""
    return [pytest.param(name, value, id=f"{name}-{kind}")
            for name, right in attributes.items() for kind, value in wrong(right, lists)]
