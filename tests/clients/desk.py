"""The vendor's client at work: each call is recorded, and each answer is read strictly through the client's models."""

import json
import re
from pathlib import Path

import httpx
import metronome
import pydantic
from metronome import Metronome

USD = "2714e483-4ff1-48e4-9e25-ac732e8f24f2"
NOBODY = "00000000-0000-0000-0000-000000000000"

# Fields that answers have and this client's models lack: how their paths end.
MORE = [
    # The API's description has these, for accounts that are set up for them; this client leaves them to its users.
    "discounts", "professional_services", "reseller_royalties", "netsuite_sales_order_id",
    "salesforce_opportunity_id", "total_contract_value", "billing_provider_configuration_schedule",
    "package_id",
    # What credits are made with is given back, and when one was archived is said, as it is of commits.
    "credits.rate_type", "rollover_fraction", "archived_at",
    # What an edit added is shown as a contract's parts are; what it changed, as it was asked for.
    "add_commits.contract", "add_commits.created_at", "add_commits.custom_fields",
    "add_credits.contract", "add_credits.created_at", "add_credits.custom_fields",
    "add_scheduled_charges.custom_fields", "update_net_payment_terms_days",
    # All lists have it here; those whose pages this client follows by `cursor` have both.
    "next_page",
]

# Fields that this client's models insist on and the API's description lacks.
LESS = ["recurring_commits.anchor_date", "recurring_credits.anchor_date", "subscriptions.created_at"]


class Desk:
    """A client of a sandbox, and what it asked and was answered."""

    def __init__(self, address):
        self.exchanges = []
        http = metronome.DefaultHttpxClient(event_hooks={"response": [self._record]})
        self.client = Metronome(bearer_token="any", base_url=address, max_retries=0, http_client=http)
        self.made = {}

    def _record(self, response):
        response.read()
        self.exchanges.append(response)

    def done(self, call, **fields):
        """What a call answers that must succeed."""
        answer = call(**fields)
        self._read_strictly(answer)
        return answer

    def pages(self, call, **fields):
        """The items of all pages of a list."""
        page = self.done(call, **fields)
        items = list(page.data)
        while page.has_next_page():
            page = page.get_next_page()
            self._read_strictly(page)
            items += page.data
        return items

    def refused(self, error, text, call, **fields):
        """Asserts that a call is refused with the client's exception, and a message that holds the text."""
        try:
            answer = call(**fields)
        except metronome.APIStatusError as refusal:
            found = f"{type(refusal).__name__}: {refusal}"
            assert type(refusal) is error, found
            assert text in refusal.body["message"], found
            return refusal
        raise AssertionError(f"{text!r} is not refused: {answer!r}")

    def _read_strictly(self, answer):
        """The client takes any answer for its model; here the model's fields and their types are insisted on."""
        body = self.exchanges[-1].content
        if answer is None:
            # The client does not look at it: `addKey` says the key's id, and all others nothing.
            assert not body or json.loads(body)["data"]["id"], body
            return
        try:
            type(answer).model_validate_json(body, strict=True, extra="forbid")
        except pydantic.ValidationError as error:
            misfits = [misfit for misfit in error.errors() if not known(misfit)]
            call = self.exchanges[-1].request
            told = [f"{misfit['loc']}: {misfit['msg']}" for misfit in misfits]
            assert not misfits, "\n".join([f"{call.method} {call.url.path} does not fit {type(answer)}:", *told])


def known(misfit):
    """Whether it is one of the fields named above."""
    path = ".".join(step for step in misfit["loc"] if isinstance(step, str))
    fields = {"extra_forbidden": MORE, "missing": LESS}.get(misfit["type"], [])
    return any(path.endswith(field) for field in fields)


def offered():
    """The calls that the client has, as its own code names them: method and path."""
    begin = re.compile(r'self\._(get|post|put|patch|delete|get_api_list)\(\s*(?:path_template\(\s*)?"(/v\d/[^"]+)"')
    calls = set()
    for file in (Path(metronome.__file__).parent / "resources").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        found = list(begin.finditer(text))
        for this, following in zip(found, [*found[1:], None]):
            rest = text[this.end():following.start() if following else None]
            named = re.search(r'\bmethod="(\w+)"', rest)
            method = this[1] if this[1] != "get_api_list" else named[1] if named else "get"
            calls.add((method.upper(), this[2]))
    assert len(calls) > 100, f"the client's code is not understood: {len(calls)} calls"
    return calls


def served(address, calls):
    """Those of the calls that the sandbox answers; it must know each of the others by name."""
    found = set()
    with httpx.Client(base_url=address) as http:
        for method, pattern in calls:
            # What no call takes, so that nothing is done.
            path = re.sub(r"\{\w+\}", "-", pattern)
            answer = http.request(method, path, params={"-": ""}, json={"-": 0})
            assert answer.status_code in (400, 501), (method, pattern, answer.text)
            if answer.status_code == 400:
                found.add((method, pattern))
            else:
                assert f"{method} {pattern} " in answer.json()["message"], answer.text
    return found


def walked(exchanges, calls):
    """How each of the calls was answered: its statuses, by method and path."""
    statuses = {}
    for response in exchanges:
        request = response.request
        fitting = [
            (method, pattern)
            for method, pattern in calls
            if method == request.method
            and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), request.url.path)
        ]
        call = min(fitting, key=lambda call: call[1].count("{"))
        statuses.setdefault(call, set()).add(response.status_code)
    return statuses
