"""Time zones in March 2031, by their offsets and the one change that some have.

Written out instead of read from the machine's zone database, so that the data
set doesn't change when a country changes its mind. America goes to summer time
on 9 March at 2:00 local time, Europe on 30 March at 1:00 UTC.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone


@dataclass(frozen=True)
class Zone:
    name: str
    minutes: int
    """East of UTC, before the change."""
    change: datetime | None = None
    """When 60 minutes are added, in UTC."""

    def at(self, wall):
        """The wall-clock time with its offset."""
        moment = wall.replace(tzinfo=timezone(timedelta(minutes=self.minutes)))
        if self.change and moment >= self.change:
            moment = wall.replace(tzinfo=timezone(timedelta(minutes=self.minutes + 60)))
        return moment

    def local(self, moment):
        """A moment on this zone's clock."""
        summer = self.change and moment >= self.change
        return moment.astimezone(timezone(timedelta(minutes=self.minutes + (60 if summer else 0))))


def _utc(day, hour):
    return datetime(2031, 3, day, hour, tzinfo=timezone.utc)


ZONES = {zone.name: zone for zone in [
    Zone("Asia/Seoul", 540),
    Zone("Asia/Tokyo", 540),
    Zone("America/New_York", -300, _utc(9, 7)),
    Zone("America/Chicago", -360, _utc(9, 8)),
    Zone("America/Los_Angeles", -480, _utc(9, 10)),
    Zone("America/Sao_Paulo", -180),
    Zone("Europe/London", 0, _utc(30, 1)),
    Zone("Europe/Berlin", 60, _utc(30, 1)),
    Zone("Europe/Paris", 60, _utc(30, 1)),
    Zone("Asia/Kolkata", 330),
    Zone("Asia/Kathmandu", 345),
    Zone("Asia/Singapore", 480),
    Zone("Asia/Riyadh", 180),
    Zone("Africa/Lagos", 60),
    Zone("Australia/Sydney", 660),
    Zone("Australia/Adelaide", 630),
]}
