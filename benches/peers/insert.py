"""Inserts events with google-api-python-client: ADDRESS FILE AT_ONCE.

Each line of the file is {calendar, token, event}. Prints the seconds from the first insert to
the last answer. Threads share one client; each keeps a connection of its own, since httplib2's
can't be shared.
"""

import concurrent.futures
import json
import pathlib
import sys
import threading
import time

import google.oauth2.credentials
import google_auth_httplib2
import googleapiclient
import httplib2
from googleapiclient.discovery import build_from_document

ADDRESS, FILE, AT_ONCE = sys.argv[1:]
THREAD = threading.local()


def client():
    documents = pathlib.Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    document = json.loads((documents / "calendar.v3.json").read_text())
    document["rootUrl"] = document["baseUrl"] = f"{ADDRESS}/"
    return build_from_document(document, credentials=google.oauth2.credentials.Credentials("none"))


def insert(service, one):
    if not hasattr(THREAD, "connection"):
        THREAD.connection = httplib2.Http()
    credentials = google.oauth2.credentials.Credentials(one["token"])
    authorized = google_auth_httplib2.AuthorizedHttp(credentials, http=THREAD.connection)
    service.events().insert(calendarId=one["calendar"], body=one["event"]).execute(http=authorized)


def main():
    inserts = [json.loads(line) for line in pathlib.Path(FILE).read_text().splitlines()]
    service = client()
    with concurrent.futures.ThreadPoolExecutor(int(AT_ONCE)) as threads:
        start = time.monotonic()
        for _ in threads.map(lambda one: insert(service, one), inserts):
            pass
        print(time.monotonic() - start)


main()
