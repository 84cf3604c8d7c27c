#!/usr/bin/env python3
"""Reads the month and says what must be in each connected user's calendar at its end.

    testdata/expected.py                        one line for each user and item, all 5,000
    testdata/expected.py --items 500            only the first 500 items that the month names
    testdata/expected.py --items 500 --lines    the lines about those and their users, to be sent as a batch

It knows the platform's contract and nothing of how the month was made or how calsync
reads it, so that a mistake in either can't hide here; and of Google that it evens out texts. A line of its output:
`{user_id, kind, item_id, summary, start, end, location, description_contains}`, where
`start` and `end` are `{"date": "2031-03-09"}` (the end is the day after the last) or
`{"instant": "2031-03-09T07:00:00Z"}`, `location` is null where there is no link, and the
description contains each text of `description_contains`.
"""

import argparse
import json
import sys
import unicodedata
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

MONTH = Path(__file__).parent / "month"
USUAL_TASK = timedelta(minutes=30)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, help="only the first so many items")
    parser.add_argument("--lines", action="store_true", help="print the lines to send instead")
    options = parser.parse_args()

    lines = [line for day in sorted(MONTH.glob("*.ndjson")) for line in day.read_text("utf-8").split("\n") if line]
    if options.items is not None:
        lines = about_first_items(lines, options.items)
    sys.stdout.reconfigure(encoding="utf-8")
    for row in lines if options.lines else map(to_json, entries(lines)):
        print(row)


def about_first_items(lines, count):
    """The lines about the first `count` items, and about the users whom those concern."""
    items, users = {}, set()
    for line in map(json.loads, lines):
        if line["op"] != "put_user" and (key_of(line) in items or len(items) < count):
            items[key_of(line)] = True
            users.update(line.get("user_ids", []))

    def concerned(line):
        return line["user_id"] in users if line["op"] == "put_user" else key_of(line) in items

    return [line for line in lines if concerned(json.loads(line))]


def entries(lines):
    """What is in the calendars after all lines, sorted by user."""
    rows = [
        {"user_id": user_id, "kind": kind, "item_id": item_id} | calendar_entry(kind, item)
        for (kind, item_id), item in last_states(lines).items()
        if item["status"] != "cancelled"
        for user_id in item["user_ids"]
    ]
    return sorted(rows, key=lambda row: (row["user_id"], row["kind"], row["item_id"]))


def last_states(lines):
    """A PUT replaces all of an item, a DELETE removes it, and an older version changes nothing."""
    items = {}
    for line in map(json.loads, lines):
        if line["op"] != "put_user" and line.get("version", 0) >= items.get(key_of(line), {}).get("version", 0):
            items[key_of(line)] = line
    return {key: line for key, line in items.items() if line["op"] == "put"}


def key_of(line):
    return line["kind"], line["item_id"]


def calendar_entry(kind, item):
    start, end = span(kind, item)
    link = item.get("meeting_url") if kind == "session" else None
    mark = "✓ " if item["status"] == "completed" else ""
    return {
        "summary": kept(mark + item["title"]).strip(),
        "start": start,
        "end": end,
        "location": link and kept(link),
        "description_contains": [kept(text) for text in (item.get("description"), link) if text],
    }


def kept(text):
    """What Google keeps of a text: composed letters, and no control characters but line feeds and tabs."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")


def span(kind, item):
    if kind == "session":
        return instant(moment(item["starts_at"])), instant(moment(item["ends_at"]))
    if kind == "deadline":
        return all_day(date.fromisoformat(item["due_on"]) - timedelta(days=1))
    if "due_on" in item:
        return all_day(date.fromisoformat(item["due_on"]))
    start = moment(item["due_at"])
    lasts = timedelta(minutes=item["estimated_minutes"]) if "estimated_minutes" in item else USUAL_TASK
    return instant(start), instant(start + lasts)


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def instant(moment):
    return {"instant": moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")}


def all_day(day):
    return {"date": day.isoformat()}, {"date": (day + timedelta(days=1)).isoformat()}


def to_json(row):
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()
