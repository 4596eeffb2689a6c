"""Invocations with little time, with none, and with a deadline that makes no sense: the answer is right or 503, in time."""

import time

import pytest

import events
from verdicts import assert_active, assert_unavailable

# A deadline in seconds from now, and within how many seconds the answer comes if the store does not answer.
LEFT = [(0.2, 0.2), (0.15, 0.15), (0.05, 0.05), (0, 0), (-0.1, 0), (1, 1), (60, 2), (15 * 60, 2)]
# With so many seconds, the answer of a store that is well is always in time, once the environment is warm.
ENOUGH = 0.2
# The emulator, the signals and a busy machine take some time, which Lambda would not count. An attempt of the store takes 0.6 s.
SLACK, SLACK_OF_SHORT = 0.3, 0.1
# Lambda sends no event after its deadline, so these are an emulator's, or those of a clock that is wrong.
SENSELESS = {"passed": -5, "passed hours ago": -3 * 3600, "in years": 10 * 365 * 24 * 3600}


@pytest.mark.parametrize("left, limit", LEFT)
def test_a22_with_little_time_the_answer_is_right_or_503_in_time(function, proxy, caller, token, left, limit):
    question = events.introspection(token, caller)
    limit += SLACK_OF_SHORT if limit < 0.3 else SLACK
    assert_active(function.introspect(token, caller))
    for _ in range(3):
        answer = function.invoke_until(question, time.time() + left)
        assert_active(answer) if left >= ENOUGH or answer.status == 200 else assert_unavailable(answer)
        assert answer.seconds < limit
    with proxy.failing("hang"):
        answer = function.invoke_until(question, time.time() + left)
    assert_unavailable(answer, within=limit)
    assert_active(function.introspect(token, caller))


@pytest.mark.parametrize("name", SENSELESS)
def test_a22_a_deadline_that_makes_no_sense_means_nothing(function, proxy, caller, token, name):
    question = events.introspection(token, caller)
    assert_active(function.invoke_until(question, time.time() + SENSELESS[name]))
    with proxy.failing("hang"):
        assert_unavailable(function.invoke_until(question, time.time() + SENSELESS[name]))
    assert_active(function.introspect(token, caller))
