"""The function stays within 64 MB while hostile requests come; tests/soak sends more of them."""

import hostile
from settings import KEYS, RFC9068
from verdicts import assert_inactive

REQUESTS = 600


def test_b19_hostile_requests_fit_into_64_mb(start, proxy, caller):
    with start() as function:
        for number in range(REQUESTS):
            hostile.attack(function, caller, KEYS["ES256"], RFC9068, number)
        assert hostile.memory(function, "VmHWM") < hostile.LIMIT_KB
        assert_inactive(function.introspect("unknown", caller))
    proxy.calls.clear()
