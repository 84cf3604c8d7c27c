#!/usr/bin/env python3
"""Writes the data set: a career platform's March 2031, as lines of `POST /api/v1/items/batch`.

    testdata/generate.py            writes testdata/month/*.ndjson and testdata/broken.ndjson
    testdata/generate.py --check    fails if the committed files differ from what would be written

A file is what the platform sends in one day, UTC, beginning with what it knows on
28 February. The same seed gives the same bytes, on any machine.
"""

import json
import sys
from datetime import timedelta
from pathlib import Path

sys.dont_write_bytecode = True

from generator import broken, corners, lives, people  # noqa: E402, after the line above
from generator.dice import Dice  # noqa: E402

SEED = 20310301
HERE = Path(__file__).parent
MINUTES_A_DAY = 24 * 60


def main(arguments):
    files = month_and_broken()
    if arguments == ["--check"]:
        return check(files)
    (HERE / "month").mkdir(exist_ok=True)
    for path in set(committed()) - set(files):
        path.unlink()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8", newline="\n")


def check(files):
    stale = sorted(
        str(path.relative_to(HERE))
        for path in set(files) | set(committed())
        if not path.exists() or path.read_bytes() != files.get(path, "").encode()
    )
    if stale:
        sys.exit(f"not what testdata/generate.py writes: {', '.join(stale)}")


def committed():
    return [*(HERE / "month").glob("*"), HERE / "broken.ndjson"]


def month_and_broken():
    dice = Dice(SEED)
    users = people.invent(dice)
    hard = corners.invent(users)
    items = hard + lives.invent(dice, users)
    lines = sorted(
        [*registrations(dice, users), *(line for life in items for line in life.lines)],
        key=lambda timed: timed[0],  # alone: lines of one minute stay in their order
    )
    days = [[] for _ in range(lives.MINUTES // MINUTES_A_DAY)]
    for minute, line in lines:
        days[minute // MINUTES_A_DAY].append(line)
    files = {HERE / "month" / f"{date(day)}.ndjson": ndjson(lines) for day, lines in enumerate(days)}
    return files | {HERE / "broken.ndjson": ndjson(broken.invent(last_put(hard, "Its description goes")))}


def registrations(dice, users):
    """Most are there from the start. The last few join later: some after they were booked. Some move."""
    for user in users[: -people.LATE]:
        yield 0, user.put()
    for number, user in enumerate(users[-people.LATE :]):
        yield (5 + 3 * number) * MINUTES_A_DAY, user.put()
    for user in dice.pick_many(users[: -people.LATE], 8):
        yield dice.between(MINUTES_A_DAY, lives.MINUTES - 1), user.put(time_zone="Europe/Lisbon", locale="en")


def last_put(items, title):
    """The newest line of an item that was put again once."""
    life = next(life for life in items if life.body.get("title") == title)
    return life.lines[-1][1]


def date(day):
    return (lives.MONTH_BEGINS + timedelta(days=day)).date()


def ndjson(lines):
    return "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)


if __name__ == "__main__":
    main(sys.argv[1:])
