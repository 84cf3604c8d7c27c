"""A platform's webhook that is not ours: the package of Standard Webhooks verifies what comes.

What doesn't verify is answered 401. What does is answered 204, or as PUT /answers/TYPE said. Each is
kept, with the status that it was answered, for GET /received.

Usage: webhook_receiver.py SECRET
"""

import sys

import flask
from standardwebhooks import Webhook, WebhookVerificationError
from werkzeug.serving import make_server

webhook = Webhook(sys.argv[1])
received, answers = [], {}
app = flask.Flask(__name__)


@app.post("/hook/<path:secret>")
def hook(secret):
    body = flask.request.get_data()
    try:
        message = webhook.verify(body, dict(flask.request.headers))
    except WebhookVerificationError as error:
        received.append({"status": 401, "error": str(error)})
        return "", 401
    status = answers.get(message["type"], 204)
    received.append({"status": status, "id": flask.request.headers["webhook-id"], "message": message})
    return "", status


@app.put("/answers/<event_type>")
def answer(event_type):
    answers[event_type] = flask.request.get_json()
    return "", 204


@app.get("/received")
def all_received():
    return flask.jsonify(received)


http = make_server("127.0.0.1", 0, app, threaded=True)
print(f"listens on http://127.0.0.1:{http.port}", flush=True)
http.serve_forever()
