"""One sign-in by MSAL Python. The job comes on stdin (never as an argument, which `ps` would show); one line of JSON
goes to stdout."""

import json
import sys

import msal
import requests


class PortKeeper:
    """The user-realm URL of MSAL Python 1.21 has the authority's host name but not its port: this puts the port back.
    All other URLs come out of documents and are right."""

    def __init__(self, authority):
        self.session = requests.Session()
        self.origin = "/".join(authority.split("/")[:3])
        self.without_port = self.origin.rsplit(":", 1)[0]

    def _local(self, url):
        if url.startswith(self.without_port + "/"):
            return self.origin + url[len(self.without_port):]
        return url

    def get(self, url, **kwargs):
        return self.session.get(self._local(url), **kwargs)

    def post(self, url, **kwargs):
        return self.session.post(self._local(url), **kwargs)

    def close(self):
        self.session.close()


job = json.load(sys.stdin)
try:
    app = msal.PublicClientApplication(
        job["clientId"],
        authority=job["authority"],
        # With it, MSAL would ask login.microsoftonline.com about this host.
        validate_authority=False,
        http_client=PortKeeper(job["authority"]),
    )
    result = app.acquire_token_by_username_password(job["username"], job["password"], scopes=[job["scope"]])
    if "access_token" in result:
        answer = {"ok": True, "username": result["id_token_claims"]["preferred_username"]}
    else:
        answer = {"ok": False, "error": f"{result.get('error')}: {result.get('error_description')}"}
except Exception as error:
    answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
print(json.dumps(answer))
