"""An OAuth 2 authorization server that is not ours: Authlib's, which checks clients, redirect
addresses, codes, PKCE and refresh tokens by itself.

It takes one client, signs everybody in who is named by login_hint, and rotates refresh tokens. Its
access tokens are those of the simulated Google, so that the Calendar API takes them.

Usage: authorization_server.py GOOGLE REDIRECT_URI CLIENT_ID CLIENT_SECRET
"""

import json
import os
import sys
import time
import urllib.request
from dataclasses import dataclass, field

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # http on loopback

import flask
from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AuthorizationCodeMixin,
    ClientMixin,
    TokenMixin,
    grants,
    list_to_scope,
    scope_to_list,
)
from authlib.oauth2.rfc6750 import BearerTokenGenerator, BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from werkzeug.serving import make_server

GOOGLE, REDIRECT_URI, CLIENT_ID, CLIENT_SECRET = sys.argv[1:]
# Soon enough that each use of an access token is preceded by a refresh.
EXPIRES_IN = 60

codes, tokens, calls = {}, [], {}
app = flask.Flask(__name__)


class Client(ClientMixin):
    def get_client_id(self):
        return CLIENT_ID

    def get_default_redirect_uri(self):
        return REDIRECT_URI

    def get_allowed_scope(self, scope):
        return list_to_scope(scope_to_list(scope))

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == REDIRECT_URI

    def check_client_secret(self, client_secret):
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method, endpoint):
        return method in ("client_secret_post", "client_secret_basic")

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in ("authorization_code", "refresh_token")


@dataclass
class Code(AuthorizationCodeMixin):
    code: str
    email: str
    scope: str
    redirect_uri: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


@dataclass
class Token(TokenMixin):
    email: str
    scope: str
    access_token: str
    refresh_token: str
    made_at: float = field(default_factory=time.time)
    revoked: bool = False

    def check_client(self, client):
        return client.get_client_id() == CLIENT_ID

    def get_scope(self):
        return self.scope

    def get_expires_in(self):
        return EXPIRES_IN

    def is_expired(self):
        return self.made_at + EXPIRES_IN < time.time()

    def is_revoked(self):
        return self.revoked

    def get_user(self):
        return self.email


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post", "client_secret_basic"]

    def save_authorization_code(self, code, request):
        data = request.payload.data
        codes[code] = Code(
            code, request.user, request.payload.scope, request.payload.redirect_uri,
            data.get("code_challenge"), data.get("code_challenge_method"),
        )

    def query_authorization_code(self, code, client):
        return codes.get(code)

    def delete_authorization_code(self, authorization_code):
        del codes[authorization_code.code]

    def authenticate_user(self, authorization_code):
        return authorization_code.email


class RefreshGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post", "client_secret_basic"]
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        return next((one for one in tokens if one.refresh_token == refresh_token and not one.revoked), None)

    def authenticate_user(self, refresh_token):
        return refresh_token.email

    def revoke_old_credential(self, refresh_token):
        refresh_token.revoked = True


class Revocation(RevocationEndpoint):
    def authenticate_endpoint_client(self, request):
        return Client()  # As at Google, whoever holds a token may end it.

    def query_token(self, token_string, token_type_hint):
        return next((one for one in tokens if token_string in (one.refresh_token, one.access_token)), None)

    def revoke_token(self, token, request):
        for one in tokens:
            if one.email == token.email:
                one.revoked = True


class Validator(BearerTokenValidator):
    def authenticate_token(self, token_string):
        return next((one for one in tokens if one.access_token == token_string), None)


def google_token(client, grant_type, user, scope):
    """An access token of that user which the simulated Calendar API takes."""
    request = urllib.request.Request(f"{GOOGLE}/_control/accounts/{user}/token", method="POST")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["access_token"]


def save_token(token, request):
    tokens.append(Token(request.user, token["scope"], token["access_token"], token["refresh_token"]))


def main():
    client = Client()
    server = AuthorizationServer(
        app, query_client=lambda client_id: client if client_id == CLIENT_ID else None, save_token=save_token
    )
    random_token = lambda *_, **__: os.urandom(24).hex()
    bearer = BearerTokenGenerator(google_token, random_token, lambda *_: EXPIRES_IN)
    server.register_token_generator("default", bearer)
    server.register_grant(CodeGrant, [CodeChallenge(required=True)])
    server.register_grant(RefreshGrant)
    server.register_endpoint(Revocation)
    protect = ResourceProtector()
    protect.register_token_validator(Validator())

    @app.before_request
    def count():
        calls[flask.request.path] = calls.get(flask.request.path, 0) + 1

    @app.get("/authorize")
    def authorize():
        if flask.request.args.get("code_challenge_method") != "S256":
            return "PKCE is required", 400
        email = flask.request.args.get("login_hint")
        try:
            grant = server.get_consent_grant(end_user=email)
        except OAuth2Error as error:
            return str(error), 400
        return server.create_authorization_response(grant_user=email, grant=grant)

    @app.post("/token")
    def token():
        return server.create_token_response()

    @app.post("/revoke")
    def revoke():
        return server.create_endpoint_response(Revocation.ENDPOINT_NAME)

    @app.get("/userinfo")
    @protect()
    def userinfo():
        email = current_token.email
        return flask.jsonify(sub=f"subject of {email}", email=email)

    @app.get("/state")
    def state():
        live = [one.email for one in tokens if not one.revoked]
        return flask.jsonify(calls=calls, live=live, codes=len(codes))

    http = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"listens on http://127.0.0.1:{http.port}", flush=True)
    http.serve_forever()


main()
