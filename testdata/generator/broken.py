"""Lines that must be refused, each with the status of its answer and the field that its error names."""

import json

WHO = "u1001"
SESSION = {
    "op": "put", "kind": "session", "item_id": "broken", "user_ids": [WHO, "u1002"], "title": "Broken", "status": "active",
    "starts_at": "2031-03-10T10:00:00Z", "ends_at": "2031-03-10T11:00:00Z", "meeting_url": "https://meet.example.com/s/1",
}
TASK = {"op": "put", "kind": "task", "item_id": "broken", "user_ids": [WHO], "title": "Broken", "status": "active", "due_on": "2031-03-10"}
DEADLINE = TASK | {"kind": "deadline"}
USER = {"op": "put_user", "user_id": "broken", "email": "broken@example.org", "time_zone": "Asia/Seoul", "locale": "ko"}


def invent(versioned):
    """`versioned`: the last PUT of an item that is there when the month ends, with a version of at least 2."""
    lines = [*_not_json(), *_not_an_operation(), *_wrong_bodies(), *_wrong_kinds(), *_wrong_users(), *_stale(versioned)]
    # Each item gets an id of its own, so that each refusal can be found.
    return [
        {"line": line.replace('"item_id":"broken"', f'"item_id":"broken-{number:02}"'), "status": status, "field": field}
        for number, (line, status, field) in enumerate(lines, 1)
    ]


def _refused(base, field, **changes):
    """`base` with changes; what is changed to `...` is left out."""
    body = {name: value for name, value in (base | changes).items() if value is not ...}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")), 422, field


def _not_json():
    good = json.dumps(TASK, separators=(",", ":"))
    return [
        (good[:-12], 400, None),
        (good.replace('"', "'"), 400, None),
        ("op=put&kind=task&item_id=broken", 400, None),
        (good.replace("Broken", "\\ud800"), 400, None),
        (f"[{good}]", 400, None),
    ]


def _not_an_operation():
    return [
        _refused(TASK, "op", op="upsert"),
        _refused(TASK, "op", op=...),
        _refused(TASK, "kind", kind="reminder"),
        _refused(TASK, "item_id", item_id=...),
        _refused(TASK, "colour", colour="red"),
    ]


def _wrong_bodies():
    return [
        _refused(TASK, "title", title=...),
        _refused(TASK, "title", title=""),
        _refused(TASK, "title", title="x" * 1025),
        _refused(TASK, "title", title=42),
        _refused(TASK, "title", title="Nul\u0000byte"),
        _refused(TASK, "description", description="x" * 8001),
        _refused(TASK, "status", status="done"),
        _refused(TASK, "status", status=...),
        _refused(TASK, "version", version="seven"),
        _refused(TASK, "url", url="not a url"),
        _refused(SESSION, "meeting_url", meeting_url="javascript:alert(1)"),
        _refused(SESSION, "time_zone", time_zone="Mars/Olympus_Mons"),
        _refused(TASK, "estimated_minutes", estimated_minutes=-5, due_on=..., due_at="2031-03-10T10:00:00Z"),
    ]


def _wrong_kinds():
    return [
        _refused(SESSION, "user_ids", user_ids=[]),
        _refused(SESSION, "user_ids", user_ids=[f"u{1001 + number}" for number in range(101)]),
        _refused(SESSION, "ends_at", ends_at=...),
        _refused(SESSION, "ends_at", ends_at="2031-03-10T10:00:00Z"),
        _refused(SESSION, "starts_at", starts_at="2031-03-10T09:00:00"),
        _refused(TASK, "user_ids", user_ids=[WHO, "u1002"]),
        _refused(TASK, "due_at", due_at="2031-03-10T10:00:00Z"),
        _refused(TASK, "due_at", due_on=...),
        _refused(TASK, "due_at", due_on=..., due_at="2031-03-10T25:00:00Z"),
        _refused(DEADLINE, "due_on", due_on="2031-02-30"),
        _refused(DEADLINE, "due_on", due_on=...),
    ]


def _wrong_users():
    return [
        _refused(USER, "email", email=...),
        _refused(USER, "email", email="not an address"),
        _refused(USER, "time_zone", time_zone="KST+9"),
        _refused(USER, "phone", phone="010-0000-0000"),
    ]


def _stale(versioned):
    return [
        (json.dumps(versioned | change, ensure_ascii=False, separators=(",", ":")), 409, None)
        for change in ({"version": versioned["version"] - 1}, {"title": "Another body, the same version"})
    ]
