"""The hard cases of a real month, once each at its very beginning, so that a small selection has them all."""

import unicodedata

from . import texts
from .lives import Life

DAY = 24 * 60
JAPANESE = "面接の準備では、求人票を丁寧に読み、自分の経験と結び付けて話せるようにします。\n"
ARABIC = "\u200fنصيحة: اقرأ الإعلان جيدًا (PDF\u200e) ثم اربط خبرتك به.\u200f\n"
KOREAN = "면접을 준비할 때는 채용 공고를 꼼꼼히 읽고 자신의 경험과 연결해 보세요.\n"
ENGLISH = "Read the advert twice, then tie each line of it to something that you have done.\n"
EMOJI = "🎓🚀📅✨🙌🧭🗣📝"


def invent(users):
    by_zone = {user.time_zone: user for user in reversed(users)}
    everybody = [user.user_id for user in users]
    return [
        *_clock_changes(by_zone),
        *_all_day(by_zone),
        *_texts(by_zone),
        *_participants(everybody),
        *_comings_and_goings(by_zone),
    ]


def _session(item_id, users, starts_at, ends_at, title, **more):
    return Life("session", item_id, user_ids=users, title=title, starts_at=starts_at, ends_at=ends_at, **more)


def _task(item_id, user, title, **more):
    return Life("task", item_id, user_ids=[user.user_id], title=title, **more)


def _deadline(item_id, user, title, due_on):
    return Life("deadline", item_id, user_ids=[user.user_id], title=title, due_on=due_on)


def _once(*lives):
    for life in lives:
        life.put(1)
    return lives


def _clock_changes(by_zone):
    york, berlin, london = by_zone["America/New_York"], by_zone["Europe/Berlin"], by_zone["Europe/London"]
    seoul, nepal = by_zone["Asia/Seoul"], by_zone["Asia/Kathmandu"]
    night = "Night owls: before and after the clocks change"
    room = "https://meet.example.com/s/night"
    moved = _session(106, [seoul.user_id], "2031-03-14T23:30:00+09:00", "2031-03-15T00:30:00+09:00", "자정을 넘기는 면접", time_zone=seoul.time_zone)
    lives = _once(
        # 45 minutes long, though the clock shows 1:30 to 3:15
        _session(101, [york.user_id, seoul.user_id], "2031-03-09T01:30:00-05:00", "2031-03-09T03:15:00-04:00", night, time_zone=york.time_zone, meeting_url=room),
        _session(102, [london.user_id, berlin.user_id], "2031-03-30T00:30:00+00:00", "2031-03-30T02:30:00+01:00", night, time_zone=london.time_zone, meeting_url=room),
        # The same hour on the clock, a week before and after
        _session(103, [york.user_id], "2031-03-07T09:00:00-05:00", "2031-03-07T10:00:00-05:00", "Weekly check-in", time_zone=york.time_zone),
        _session(104, [york.user_id], "2031-03-14T09:00:00-04:00", "2031-03-14T10:00:00-04:00", "Weekly check-in", time_zone=york.time_zone),
        _session(105, [nepal.user_id], "2031-03-12T18:15:00+05:45", "2031-03-14T18:15:00+05:45", "Two-day hackathon", time_zone=nepal.time_zone),
        moved,
        # On the clock these times don't exist; with their offset they are moments like any other
        _task(101, york, "Submit before the clocks change", due_at="2031-03-09T02:30:00-05:00", time_zone=york.time_zone),
        _task(102, berlin, "Abgabe vor der Zeitumstellung", due_at="2031-03-30T02:30:00+01:00", time_zone=berlin.time_zone, estimated_minutes=120),
        _task(103, nepal, "To the second", due_at="2031-03-03T23:59:59+05:45", estimated_minutes=1),
        _task(104, seoul, "하루 종일 걸리는 과제", due_at="2031-03-20T00:00:00+09:00", estimated_minutes=1440),
    )
    moved.put(3 * DAY, starts_at="2031-03-15T00:30:00+09:00", ends_at="2031-03-15T01:30:00+09:00")
    return lives


def _all_day(by_zone):
    seoul, sydney, york = by_zone["Asia/Seoul"], by_zone["Australia/Sydney"], by_zone["America/New_York"]
    to_and_fro = _task(114, york, "A day, then a time, then a day", due_on="2031-03-18")
    lives = _once(
        _deadline(111, seoul, "삼일절 전날 알림", "2031-03-01"),
        _deadline(112, york, "Due on the day the clocks change", "2031-03-09"),
        _deadline(113, sydney, "Last day of the month", "2031-03-31"),
        _task(111, sydney, "All of the last day", due_on="2031-03-31"),
        _task(112, york, "All of the shortest day", due_on="2031-03-09"),
        _task(113, seoul, "첫날", due_on="2031-03-01"),
        to_and_fro,
    )
    to_and_fro.put(2 * DAY, due_on=None, due_at="2031-03-18T17:00:00-04:00", estimated_minutes=25)
    to_and_fro.put(4 * DAY, due_on="2031-03-19", due_at=None)
    return lives


def _texts(by_zone):
    seoul, tokyo, riyadh = by_zone["Asia/Seoul"], by_zone["Asia/Tokyo"], by_zone["Asia/Riyadh"]
    york, paris = by_zone["America/New_York"], by_zone["Europe/Paris"]
    on = {"due_on": "2031-03-21"}
    cleared = _task(133, york, "Its description goes", description="Only for a while.", **on)
    lives = _once(
        _task(120, york, texts.of_length("Long titles happen. ", 1024), **on),
        _task(121, seoul, texts.of_length(KOREAN.replace("\n", " "), 1024), **on),
        _task(122, tokyo, texts.of_length(EMOJI, 1024), **on),
        _task(123, tokyo, "終", **on),
        _task(124, york, "Long notes", description=texts.of_length(ENGLISH, 8000), **on),
        _task(125, tokyo, "長い説明", description=texts.of_length(JAPANESE, 8000), **on),
        _task(126, riyadh, "وصف طويل", description=texts.of_length(ARABIC, 8000), **on),
        _task(127, seoul, "긴 설명", description=texts.of_length(KOREAN + EMOJI, 8000), **on),
        _task(128, riyadh, "\u202bقراءة \u202aC++ & C#\u202c قبل المقابلة\u202c", **on),
        _task(129, paris, unicodedata.normalize("NFD", "Préparer l’entretien à l’École d’été"), **on),
        _task(130, york, "Family day 👨‍👩‍👧‍👦 🏳️‍🌈 🇰🇷 👍🏽", **on),
        # Not done, however they begin: only a change in Google can say that
        _task(131, york, "[x] marks the spot: treasure hunt", **on),
        _task(132, tokyo, "✓の付け方を覚える", **on),
        _task(134, york, 'Quotes " and \\ and <b>tags</b> and 100 % of %s', **on),
        cleared,
    )
    cleared.put(2 * DAY, description=None)
    return lives


def _participants(everybody):
    room = {"meeting_url": "https://meet.example.com/s/hall", "description": "https://meet.example.com/s/hall is open from 9:50."}
    at = ("2031-03-11T10:00:00Z", "2031-03-11T11:30:00.000Z")
    coming_and_going = _session(143, everybody[:3], *at, "Who is in?", **room)
    lives = _once(
        _session(141, everybody[:100], *at, "Open house: 100 at once", **room),
        _session(142, everybody[:1], *at, "Alone with a camera"),
        coming_and_going,
    )
    coming_and_going.put(1 * DAY, user_ids=everybody[:2])
    coming_and_going.put(2 * DAY, user_ids=everybody[1:4])
    coming_and_going.put(3 * DAY, user_ids=everybody[:3], meeting_url=None)
    return lives


def _comings_and_goings(by_zone):
    tokyo, london = by_zone["Asia/Tokyo"], by_zone["Europe/London"]
    on = {"due_on": "2031-03-25"}
    off_and_on = _session(151, [tokyo.user_id, london.user_id], "2031-03-25T09:00:00Z", "2031-03-25T09:30:00Z", "中止のち開催")
    indecisive, phoenix = _task(151, london, "Done? Not done? Done.", **on), _task(152, tokyo, "何度でも戻る", **on)
    gone, never = _deadline(151, london, "Withdrawn", "2031-03-25"), Life("deadline", 152)
    hasty = _task(153, london, "Ten edits in a minute", **on)
    lives = _once(off_and_on, indecisive, phoenix, gone, hasty) + (never,)
    off_and_on.put(2 * DAY, status="cancelled")
    off_and_on.put(3 * DAY, status="active")
    for day, status in enumerate(["completed", "active", "completed"], 2):
        indecisive.put(day * DAY, status=status)
    for day in (2, 4):
        phoenix.delete(day * DAY)
        phoenix.put((day + 1) * DAY, title=f"何度でも戻る（{day}）")
    gone.delete(2 * DAY)
    gone.delete(2 * DAY + 5)
    never.delete(2 * DAY)
    for edit in range(10):
        hasty.put(2 * DAY, title=f"Ten edits in a minute: {edit + 1}")
    return lives
