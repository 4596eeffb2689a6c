"""A rush of requests with invented key ids, as many at once as an environment of a managed instance gets."""

import json
import time
from collections import Counter, defaultdict

import events
from concurrent_runtime import ConcurrentFunction
from items import STATE
from key_host import KeyHost
from settings import settings
from tokens import claims, make_key, mint
from verdicts import assert_active, assert_inactive, assert_unavailable

AT_ONCE, REQUESTS = 32, 1000
# The causes of a line `store_unavailable` if the store does not answer in time.
TOO_SLOW = {"timeout", "deadline"}


def logged(function) -> tuple[dict[str, str | None], dict[str, set[str]]]:
    """The reason of each request, and the causes of its lines about the store."""
    reasons, causes = {}, defaultdict(set)
    for line in map(json.loads, function.output().splitlines()):
        if line["target"] == "audit":
            reasons[line["request_id"]] = line.get("reason")
        elif line.get("event") == "store_unavailable":
            causes[line["span"]["request_id"]].add(line["cause"])
    return reasons, causes


def test_h13_a_thousand_unknown_keys_make_at_most_one_fetch_in_a_second(proxy, items, caller):
    key = make_key("ES256")
    issuer = f"https://{key.kid}.example.com"
    items.written += [(STATE, f"{kind}#{issuer}") for kind in ("jwks", "fetch")]
    with KeyHost(None, [key.jwk()]) as host:
        trusted = [{"issuer": issuer, "profile": "rfc9068", "jwks_uri": host.url}]
        variables = settings(proxy.url, trusted, AWS_LAMBDA_MAX_CONCURRENCY=str(AT_ONCE))
        with ConcurrentFunction(variables, AT_ONCE) as function:
            good = events.introspection(mint(key, claims(issuer)), caller)
            assert_active(function.invoke(good))
            assert len(host.requests) == 1
            unknown = [mint(key.named(f"invented-{number}"), claims(issuer)) for number in range(REQUESTS)]
            time.sleep(1.1)
            start = time.time()
            offered = [function.offer(events.introspection(token, caller), 60) for token in unknown]
            answers = [function.answer_to(identifier, 60) for identifier in offered]
            end = time.time()
            reasons, causes = logged(function)
            for identifier, answer in zip(offered, answers):
                # On a busy machine, the store may be too slow for one of so many. Each 503 needs that excuse of its own.
                if answer.status == 503:
                    assert_unavailable(answer)
                    assert reasons[identifier] == "store_unavailable"
                    assert causes[identifier] and causes[identifier] <= TOO_SLOW, causes[identifier]
                else:
                    assert_inactive(answer)
                    assert reasons[identifier] == "unknown_key"
            count = Counter(reasons[identifier] for identifier in offered)
            print(f"\n{dict(count)}, {sum(len(found) for found in causes.values())} lines of the store")
            assert count["store_unavailable"] < REQUESTS / 10, count
            # Times are whole seconds. A request that was delayed may date its set a second too early, and the next one fetches again.
            assert 1 <= len(host.requests) - 1 <= min(int(end) - int(start) + 3, 10 + (end - start) / 5)
            assert_active(function.invoke(good))
        proxy.calls.clear()
