"""Drives the simulator with google-api-python-client: ADDRESS ACCOUNT.

Consent and token by hand, everything after by Google's own libraries. Exits 1 with a
traceback at the first surprise, else prints "all done" last.
"""

import json
import pathlib
import sys
import urllib.parse
import urllib.request

import google.oauth2.credentials
import googleapiclient
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

ADDRESS, ACCOUNT = sys.argv[1:]
CALLBACK = "http://localhost/callback"
CLIENT = {"client_id": "1-test.apps.googleusercontent.com", "client_secret": "secret"}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


def consent():
    """The code that comes back from the consent page."""
    query = urllib.parse.urlencode({
        "client_id": CLIENT["client_id"], "redirect_uri": CALLBACK, "response_type": "code",
        "scope": "openid email https://www.googleapis.com/auth/calendar",
        "access_type": "offline", "login_hint": ACCOUNT,
    })
    try:
        urllib.request.build_opener(NoRedirect).open(f"{ADDRESS}/o/oauth2/v2/auth?{query}")
    except urllib.error.HTTPError as redirect:
        location = urllib.parse.urlparse(redirect.headers["Location"])
        return urllib.parse.parse_qs(location.query)["code"][0]
    raise AssertionError("no redirect")


def service():
    """The client, with a token that has to be refreshed at the first call."""
    form = {"grant_type": "authorization_code", "code": consent(), "redirect_uri": CALLBACK, **CLIENT}
    with urllib.request.urlopen(f"{ADDRESS}/token", urllib.parse.urlencode(form).encode()) as answer:
        refresh_token = json.load(answer)["refresh_token"]
    credentials = google.oauth2.credentials.Credentials(
        None, refresh_token=refresh_token, token_uri=f"{ADDRESS}/token", **CLIENT)
    documents = pathlib.Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    document = json.loads((documents / "calendar.v3.json").read_text())
    document["rootUrl"] = document["baseUrl"] = f"{ADDRESS}/"
    return build_from_document(document, credentials=credentials)


def expect(status, request):
    try:
        request.execute()
    except HttpError as error:
        assert error.resp.status == status, error
        return error
    raise AssertionError(f"no {status}")


def main():
    calendar = service()
    events = calendar.events()
    start, end = {"dateTime": "2031-03-10T09:00:00Z"}, {"dateTime": "2031-03-10T10:00:00Z"}

    assert calendar.calendarList().list().execute()["items"][0]["id"] == ACCOUNT
    listing = events.list(calendarId="primary").execute()
    assert listing["items"] == []

    body = {"id": "snake1", "summary": "Ünïcode ✓", "start": start, "end": end}
    inserted = events.insert(calendarId="primary", body=body, sendUpdates="none").execute()
    assert expect(409, events.insert(calendarId="primary", body=body)).error_details[0]["reason"] == "duplicate"
    assert events.get(calendarId="primary", eventId="snake1").execute() == inserted
    inserted["summary"] = "Updated"
    update = events.update(calendarId="primary", eventId="snake1", body=inserted)
    update.headers["If-Match"] = inserted["etag"]
    assert update.execute()["summary"] == "Updated"
    stale = events.update(calendarId="primary", eventId="snake1", body=inserted)
    stale.headers["If-Match"] = inserted["etag"]
    expect(412, stale)
    patched = events.patch(calendarId="primary", eventId="snake1", body={"location": "Room 1"}).execute()
    assert (patched["summary"], patched["location"]) == ("Updated", "Room 1")

    answers = {}

    def collect(request_id, response, error):
        answers[request_id] = error or response

    batch = calendar.new_batch_http_request(callback=collect)
    for index in range(10):
        event = {"id": f"batch{index}", "summary": f"Batch {index}", "start": start, "end": end}
        batch.add(events.insert(calendarId="primary", body=event), request_id=str(index))
    batch.add(events.get(calendarId="primary", eventId="missing"), request_id="missing")
    batch.execute()
    assert [answers[str(index)]["id"] for index in range(10)] == [f"batch{index}" for index in range(10)]
    assert answers["missing"].resp.status == 404

    events.delete(calendarId="primary", eventId="snake1").execute()
    expect(410, events.delete(calendarId="primary", eventId="snake1"))

    seen, request = [], events.list(calendarId="primary", syncToken=listing["nextSyncToken"], maxResults=4)
    while request is not None:
        page = request.execute()
        seen += page["items"]
        request = events.list_next(request, page)
    assert [event["id"] for event in seen] == [f"batch{index}" for index in range(10)] + ["snake1"]
    assert seen[-1]["status"] == "cancelled"
    assert events.list(calendarId="primary", syncToken=page["nextSyncToken"]).execute()["items"] == []
    expect(410, events.list(calendarId="primary", syncToken=page["nextSyncToken"], showDeleted=True))
    print("all done")


main()
