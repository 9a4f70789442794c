"""How fast a verdict in a queue is recorded: the requests of the reading page, as its scripts send them."""

from __future__ import annotations

import http.client
import json
import re
import time
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.conf import settings
from django.urls import reverse

from benchmarks.page_list import log_in
from review.models import Queue

PAIR = re.compile(r'data-pair="(\d+)"')
SEEN = re.compile(r'name="seen" value="(\d+)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
KINDS = ("same", "near_duplicate", "related", "different", "unsure")


def time_decisions(port: int, count: int, role: str = "reviewer") -> dict[str, Any]:
    """Decide about that many pairs of the large queue, one after the other, each put into hand before.

    Returns
    -------
    figures : requests; p50 and p95 of the time from sending a verdict to the answer that it is kept, in milliseconds
    """
    queue = Queue.objects.get(name="Large").pk
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": log_in(role), "Accept": "text/html"}
    seconds = []
    for number in range(count):
        # Not timed: while people look at one pair, their browser loads the next.
        connection.request("GET", reverse("review:queue", args=[queue]), headers=headers)
        response = connection.getresponse()
        page, cookie = response.read().decode(), response.headers.get("Set-Cookie", "")
        token = re.search(rf"{settings.CSRF_COOKIE_NAME}=(\w+)", cookie)
        if token:
            headers["Cookie"] = f"{log_in(role)}; {settings.CSRF_COOKIE_NAME}={token.group(1)}"
        pair, seen, form = (found.search(page) for found in (PAIR, SEEN, TOKEN))
        if not pair or not seen or not form:
            raise SystemExit(f"the queue “Large” has no pair left after {number} decisions; make the library again")
        body = urlencode(
            {"kind": KINDS[number % 5], "note": "", "seen": seen.group(1), "csrfmiddlewaretoken": form.group(1)}
        )
        address = reverse("review:queue_decide", args=[queue, int(pair.group(1))])
        sent = headers | {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        began = time.perf_counter()
        connection.request("POST", address, body, sent)
        response = connection.getresponse()
        answer = response.read()
        seconds.append(time.perf_counter() - began)
        if response.status != 200 or not json.loads(answer)["counted"]:
            raise SystemExit(f"{address}: expected a verdict that counts, got {response.status} {answer[:200]!r}")
    return {
        "requests": count,
        "p50_ms": round(float(np.percentile(seconds, 50)) * 1e3, 1),
        "p95_ms": round(float(np.percentile(seconds, 95)) * 1e3, 1),
    }
