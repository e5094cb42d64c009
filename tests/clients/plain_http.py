"""What the sandbox answers to HTTP that the vendor's client does not send."""

import re
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx

from sandbox import Sandbox

KEYS = "/v1/customFields/listKeys"
MIB = 1 << 20
# Method, path with query, status and time.
LINE = re.compile(r"[A-Z]+ /\S* \d{3} \d+\.\d ms")


def walk(binary):
    with Sandbox(binary) as sandbox, httpx.Client(base_url=sandbox.address) as http:
        count = sum(1 for _ in answers(http)) + at_once(sandbox.address)
        nobody_else(sandbox.address)
    assert len(sandbox.log) == count, f"{count} calls are {len(sandbox.log)} lines of the log"
    assert sandbox.log[0].startswith(f"POST {KEYS} 200 "), sandbox.log[0]
    assert not any("secret" in line for line in sandbox.log)
    assert all(LINE.fullmatch(line) for line in sandbox.log), sandbox.log
    print(f"  plain HTTP: {count} calls")


def answers(http):
    """Asks, one after the other on one connection, and judges each answer."""

    def asked(status, text, method, path, **more):
        answer = http.request(method, path, **more)
        assert (answer.status_code, text in answer.text) == (status, True), (path, answer.text)
        # Where there is nothing to say there is no body.
        assert not answer.text or answer.headers["content-type"] == "application/json", answer.headers
        assert status == 200 or set(answer.json()) == {"message"}, answer.text
        return answer

    yield asked(200, '"data":[]', "POST", KEYS)
    for token in ("Bearer another", "nonsense"):
        yield asked(200, '"data":[]', "POST", KEYS, headers={"Authorization": token})
    yield asked(404, "there is no call", "GET", "/v1/nonsense")
    yield asked(404, "there is no call", "GET", "/")
    wrong = asked(405, "is called with POST or GET", "DELETE", "/v1/customers")
    assert wrong.headers["allow"] == "POST, GET", wrong.headers
    yield wrong
    yield asked(501, "GET /v1/plans (listPlans-v1)", "GET", "/v1/plans")
    yield asked(501, "POST /v1/ingest (ingest-v1)", "POST", "/v1/ingest", json=[])
    for body in (b"{", b"[]", b'{"key": "\xff"}', b"{} {}"):
        yield asked(400, "body", "POST", KEYS, content=body)
    yield asked(413, str(MIB), "POST", KEYS, content=b" " * (MIB + 1))
    yield asked(413, str(MIB), "POST", KEYS, content=b" " * (20 * MIB))
    # One byte less is read, here in pieces whose sum is not told before.
    yield asked(200, '"data":[]', "POST", KEYS, content=iter([b" " * (MIB - 2), b"{}"]))
    yield asked(413, str(MIB), "POST", KEYS, content=iter([b" " * MIB, b"{}"]))
    yield asked(200, '"data":[]', "GET", "/v1/%63ustomers?ingest_alias=a+b%26&limit=5&")
    yield asked(400, "given more than once", "GET", "/v1/customers?limit=5&limit=5")
    yield asked(400, '\\"a b\\"', "GET", "/v1/customers?a+b=1")
    yield asked(400, "query is no UTF-8", "GET", "/v1/customers?ingest_alias=%ff")
    yield asked(400, "path is no UTF-8", "GET", "/v1/customers/%ff")
    key = {"entity": "customer", "key": "slot", "enforce_uniqueness": True}
    yield asked(200, '"id"', "POST", "/v1/customFields/addKey", json=key)
    # What customers hold is in no line of the log, whether it is taken or refused.
    made = [asked(200, "id", "POST", "/v1/customers", json={"name": name}) for name in ("One", "Another")]
    yield from made
    for status, text, customer in zip((200, 409), ("", "secret"), made):
        values = {"entity": "customer", "entity_id": customer.json()["data"]["id"], "custom_fields": {"slot": "secret"}}
        yield asked(status, text, "POST", "/v1/customFields/setValues", json=values)


def nobody_else(address):
    """The sandbox listens on the one address that it told, where nobody comes to from elsewhere: on every other one of
    this machine, of loopback too, nobody answers."""
    port = int(address.rpartition(":")[2])
    others = {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None)} | {"::1"}
    # Elsewhere only the first of its addresses is loopback's.
    others |= {"127.0.0.2"} if sys.platform == "linux" else set()
    for other in others - {"127.0.0.1"}:
        try:
            socket.create_connection((other, port), timeout=5).close()
        except OSError:
            continue
        raise AssertionError(f"the sandbox answers on {other} too")
    print(f"  nobody answers on {len(others)} other addresses")


def at_once(address):
    """Many callers want the same alias at the same time, and one gets it. How many there are."""
    callers = 16

    def asked(_):
        return httpx.post(f"{address}/v1/customers", json={"name": "One", "ingest_aliases": ["the same"]}).status_code

    with ThreadPoolExecutor(callers) as pool:
        statuses = sorted(pool.map(asked, range(callers)))
    assert statuses == [200] + [409] * (callers - 1), statuses
    return callers
