"""The function stays within 64 MB while hostile requests come, and what they take does not stay."""

import hostile
from conftest import ISSUER
from verdicts import assert_inactive


def test_b19_hostile_requests_take_no_memory_that_stays(deployment, items):
    caller, key, function = items.caller(), deployment.keys[0], deployment.function
    settled = 0
    for number in range(4_000):
        hostile.attack(function, caller, key, ISSUER, number)
        deployment.proxy.calls.clear()
        if number == 1_000:
            settled = hostile.memory(function)
    peak, last = hostile.memory(function, "VmHWM"), hostile.memory(function)
    print(f"\nat most {peak} KB, at last {last} KB, after 4,000 hostile requests")
    assert peak < hostile.LIMIT_KB
    assert last < settled * 1.2 + 1024
    assert_inactive(function.introspect("unknown", caller))
