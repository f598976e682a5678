# SPDX-License-Identifier: Apache-2.0
"""Where two answers differ, and where they only seem to."""

from __future__ import annotations

import pytest

from migrate.clients.wire import Page
from migrate.verify.compare import differences, settled

HTML = ("content-type", "text/html; charset=utf-8")


def parts(pod: Page, vm: Page, own: dict[str, str] | None = None) -> list[str]:
    return [one.part for one in differences("GET /", pod, vm, own or {})]


def page(body: str = "", *headers: tuple[str, str], status: int = 200) -> Page:
    return Page(status, (HTML, *headers), body.encode())


@pytest.mark.parametrize(
    ("pod", "vm"),
    [
        (page("at Tue, 24 Nov 2026 10:00:00 GMT"), page("at Wed, 25 Nov 2026 11:11:11 GMT")),
        (page("2026-11-25T10:00:00Z took 12 ms"), page("2026-11-24T09:00:00Z took 9.5 ms")),
        (page("id 0d3b6f0c-1111-2222-3333-444455556666"), page("id 1d3b6f0c-1111-2222-3333-444455556667")),
        (page("see http://10.89.0.2:80/a"), page("see http://web1/a")),
        (page("a", ("date", "x"), ("server", "nginx/1.18")), page("a", ("date", "y"), ("server", "nginx/1.22"))),
        (page("a", ("vary", "Accept, Cookie")), page("a", ("vary", "cookie, accept"))),
        (page("a", ("set-cookie", "sid=1; Path=/; HttpOnly")), page("a", ("set-cookie", "sid=2; HttpOnly; Path=/"))),
        (Page(200, (("content-type", "text/html;charset=utf-8"),)), page()),
    ],
)
def test_what_changes_by_itself(pod: Page, vm: Page) -> None:
    assert parts(pod, vm, {"10.89.0.2:80": "HOST", "10.89.0.2": "HOST", "web1": "HOST"}) == []


@pytest.mark.parametrize(
    ("pod", "vm", "part"),
    [
        (page(status=502), page(), "status"),
        (page("a"), page("b"), "body"),
        (page("a", ("cache-control", "no-store")), page("a"), "cache-control"),
        (page("a", ("location", "/x")), page("a", ("location", "/y")), "location"),
        (page("a", ("set-cookie", "sid=1")), page("a", ("set-cookie", "sid=1; Secure")), "set-cookie"),
        (
            Page(200, (("content-type", "image/png"),), b"\x89a"),
            Page(200, (("content-type", "image/png"),), b"\x89b"),
            "body",
        ),
    ],
)
def test_what_a_client_could_notice(pod: Page, vm: Page, part: str) -> None:
    assert part in parts(pod, vm)


def test_secrets_of_the_vm_are_not_shown() -> None:
    (found,) = differences("GET /", page("<input name=csrf value=1>"), page('token = "s3cr3tvalue"'), {})
    assert "s3cr3tvalue" not in found.vm
    (found,) = differences("GET /", page("a"), page("a", ("set-cookie", "sid=topsecret; Path=/")), {})
    assert "topsecret" not in found.vm and "sid" in found.vm


def test_long_bodies_are_cut() -> None:
    (found,) = differences("GET /", page(""), page("\n".join(f"line {n}x" for n in range(50))), {})
    assert "44 more lines" in found.vm


def test_numbers_that_mean_something_stay() -> None:
    assert settled("42 items for 9.99", {}) == "42 items for 9.99"
