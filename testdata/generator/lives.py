"""The life of each item: how it is made, and what becomes of it until the month ends.

A life is a list of lines, each with its minute since 28 February 2031, 0:00 UTC.
"""

from datetime import datetime, timedelta, timezone

from . import texts
from .zones import ZONES

COUNTS = {"session": 2000, "task": 2300, "deadline": 950}
MONTH_BEGINS = datetime(2031, 2, 28, tzinfo=timezone.utc)
MINUTES = 32 * 24 * 60
"""28 February, and March."""

KEPT_FROM_THE_START = 0.55
"""This share of items is there when the month begins; the others come in its course."""


class Life:
    """An item and the lines that tell of it.

    The lines of a versioned item count up. So do those of any item that changes: without versions,
    an old line that is sent again would undo the newer one.
    """

    def __init__(self, kind, item_id, versioned=True, **body):
        self.kind, self.item_id = kind, str(item_id)
        self.body = body | {"status": "active"}
        self.versioned = versioned
        self._lines = []

    @property
    def lines(self):
        if self.versioned or self._lines[-1][1]["version"] > 1:
            return self._lines
        return [(minute, {name: value for name, value in line.items() if name != "version"}) for minute, line in self._lines]

    def put(self, minute, **changes):
        """What is changed to None is left out from then on."""
        self.body |= changes
        self._next("put", minute, {name: value for name, value in self.body.items() if value is not None})

    def delete(self, minute):
        self._next("delete", minute, {})

    def send_again(self, minute):
        """The platform heard no answer."""
        self._add(minute, self._lines[-1][1])

    def _next(self, op, minute, body):
        version = self._lines[-1][1]["version"] + 1 if self._lines else 1
        self._add(minute, {"op": op, "kind": self.kind, "item_id": self.item_id} | body | {"version": version})

    def _add(self, minute, line):
        never_earlier = self._lines[-1][0] if self._lines else 0
        self._lines.append((max(minute, never_earlier), line))


def wall(day, hour, minute=0):
    """A time on the clock in March; day 0 is the last of February, and day 32 the first of April."""
    return datetime(2031, 2, 28, hour, minute) + timedelta(days=day)


def date(day):
    return wall(day, 0).date().isoformat()


def written(dice, moment):
    """A moment as one of the platform's programs writes it: with its offset, or in UTC."""
    if dice.chance(0.8):
        return moment.isoformat()
    text = moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return text + dice.pick(["Z", ".000Z"])


def minute_of(moment):
    return int((moment - MONTH_BEGINS).total_seconds()) // 60


def invent(dice, users):
    """All lives, item ids counting up within each kind: the same id names an item of each."""
    makers = {"session": session, "task": task, "deadline": deadline}
    return [
        makers[kind](dice, 2000 + number, users)
        for kind, count in COUNTS.items()
        for number in range(count)
    ]


def session(dice, item_id, users):
    size = dice.pick_weighted({1: 3, 2: 80, 3: 7, 6: 4, 12: 2, 30: 1})
    members = dice.pick_many(users, size)
    host, guest = members[0], members[-1]
    zone = ZONES[guest.time_zone]
    starts = zone.at(wall(dice.between(1, 31), dice.between(7, 21), dice.pick([0, 0, 0, 15, 30, 45])))
    life = Life(
        "session", item_id, dice.chance(0.7),
        user_ids=[user.user_id for user in members],
        title=texts.title(dice, "session", guest.language, host.name),
        description=texts.description(dice, guest.language) if dice.chance(0.7) else None,
        **times(dice, zone, starts),
        time_zone=zone.name if dice.chance(0.85) else None,
        meeting_url=link(dice, item_id) if dice.chance(0.93) else None,
        url=f"https://platform.example.com/sessions/{item_id}" if dice.chance(0.8) else None,
    )
    booked, end = lifetime(dice, minute_of(starts))
    life.put(booked)

    def move(minute):
        life.put(minute, **times(dice, zone, starts + timedelta(minutes=15 * dice.between(-8, 8), days=dice.pick([0, 0, 1, 2]))))

    def change_members(minute):
        kept = members[:-1] if size > 2 else members
        life.put(minute, user_ids=[user.user_id for user in kept + [dice.pick([u for u in users if u not in members])]])

    change(dice, life, booked, end, {
        None: 60, move: 16, change_members: 4,
        lambda minute: life.put(minute, status="cancelled"): 7,
        lambda minute: life.put(minute, status="completed"): 8,
        lambda minute: life.put(minute, meeting_url=link(dice, item_id, room=dice.between(2, 9))): 4,
        lambda minute: life.put(minute, title=texts.title(dice, "session", guest.language, host.name)): 3,
    })
    return life


def task(dice, item_id, users):
    user = dice.pick(users)
    zone = ZONES[user.time_zone]
    day = dice.between(1, 31)
    life = Life(
        "task", item_id, dice.chance(0.7),
        user_ids=[user.user_id],
        title=texts.title(dice, "task", user.language, dice.pick(users).name),
        description=texts.description(dice, user.language) if dice.chance(0.4) else None,
        **due(dice, zone, day),
        time_zone=zone.name if dice.chance(0.6) else None,
        estimated_minutes=dice.pick([15, 20, 45, 60, 90, 120, 240]) if dice.chance(0.5) else None,
        url=f"https://platform.example.com/roadmap/{item_id}" if dice.chance(0.6) else None,
    )
    begun, end = lifetime(dice, day * 24 * 60)
    life.put(begun)
    done = {"status": "completed"}

    def complete_and_reopen(minute):
        life.put(minute, **done)
        life.put(min(minute + 90, MINUTES - 1), status="active")

    change(dice, life, begun, end, {
        None: 45, complete_and_reopen: 4,
        lambda minute: life.put(minute, **done): 28,
        lambda minute: life.put(minute, **due(dice, zone, dice.between(1, 31))): 15,
        lambda minute: life.put(minute, description=None): 2,
        lambda minute: life.put(minute, status="cancelled"): 3,
    })
    return life


def deadline(dice, item_id, users):
    user = dice.pick(users)
    day = dice.between(1, 31)
    life = Life(
        "deadline", item_id, dice.chance(0.7),
        user_ids=[user.user_id],
        title=texts.title(dice, "deadline", user.language, ""),
        description=texts.description(dice, user.language) if dice.chance(0.2) else None,
        due_on=date(day),
        url=f"https://platform.example.com/applications/{item_id}" if dice.chance(0.9) else None,
    )
    known, end = lifetime(dice, day * 24 * 60)
    life.put(known)
    change(dice, life, known, end, {
        None: 65,
        lambda minute: life.put(minute, due_on=date(dice.between(1, 31))): 12,
        lambda minute: life.put(minute, status="completed"): 16,
        lambda minute: life.put(minute, status="cancelled"): 6,
    })
    return life


def lifetime(dice, due_minute):
    """When an item is made, and when its story ends: not much after it is due."""
    made = dice.between(0, 23 * 60) if dice.chance(KEPT_FROM_THE_START) else dice.between(24 * 60, max(24 * 60, due_minute - 600))
    return made, max(made + 60, min(due_minute + 24 * 60, MINUTES - 120))


def change(dice, life, begin, end, changes):
    """Up to three changes in order of time; a few lines are sent twice; a few items go, and some of those return."""
    rounds = dice.pick_weighted({1: 70, 2: 20, 3: 10})
    for minute in sorted(dice.between(begin + 1, end) for _ in range(rounds)):
        happening = dice.pick_weighted(changes)
        if happening:
            happening(minute)
        if dice.chance(0.01):
            life.send_again(minute)
    if dice.chance(0.04):
        life.delete(end + 30)
        if dice.chance(0.4):
            life.put(end + 60, status="active")


def times(dice, zone, starts):
    ends = starts + timedelta(minutes=dice.pick([25, 30, 45, 50, 60, 60, 90]))
    return {"starts_at": written(dice, zone.local(starts)), "ends_at": written(dice, zone.local(ends))}


def due(dice, zone, day):
    """A time of day, or the day alone; the other of the two is left out."""
    if dice.chance(0.7):
        moment = zone.at(wall(day, dice.between(6, 23), dice.pick([0, 0, 30, 59])))
        return {"due_at": written(dice, moment), "due_on": None}
    return {"due_at": None, "due_on": date(day)}


def link(dice, item_id, room=1):
    """Of the platform's own rooms or a video service; some carry a query."""
    return dice.pick([
        f"https://meet.example.com/s/{item_id}-{room}",
        f"https://video.example.net/j/{dice.between(10**9, 10**10)}?pwd={dice.between(10**5, 10**6)}.{room}&lang=ko",
        f"https://meet.example.com/s/{item_id}-{room}#%E9%9D%A2%E6%8E%A5",
    ])
