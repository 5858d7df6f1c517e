"""MSAL Python on a cache file, for as long as jobs come: one line of JSON on stdin, one on stdout. Each job loads the
file, does one thing, and saves the file if the cache has changed. Requests go through the relay."""

import json
import os
import sys
import urllib.parse
import urllib.request

import msal


class Response:
    def __init__(self, answer):
        self.status_code = answer["status"]
        self.headers = answer["headers"]
        self.text = answer["body"]

    def raise_for_status(self):
        if self.status_code >= 400:
            raise RuntimeError(f"status {self.status_code}")


class Relay:
    """An http_client that hands every request to the service behind one address."""

    def __init__(self, url):
        self.url = url
        # Without the proxies of the environment.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _send(self, method, url, params, headers, body):
        if params:
            url += ("&" if "?" in url else "?") + urllib.parse.urlencode(params)
        request = {"method": method, "url": url, "headers": headers or {}, "body": body}
        with self.opener.open(self.url, json.dumps(request).encode(), timeout=10) as answer:
            return Response(json.load(answer))

    def get(self, url, params=None, headers=None, **kwargs):
        return self._send("GET", url, params, headers, "")

    def post(self, url, params=None, data=None, headers=None, **kwargs):
        body = data if isinstance(data, str) else urllib.parse.urlencode(data or {})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", url, params, {**form, **(headers or {})}, body)

    def close(self):
        pass


def load(path, cache):
    try:
        with open(path, encoding="utf-8") as file:
            cache.deserialize(file.read())
    except FileNotFoundError:
        pass


def save(path, cache):
    if not cache.has_state_changed:
        return
    new = path + ".python"
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(cache.serialize())
    os.replace(new, path)


def work(job):
    cache = msal.SerializableTokenCache()
    load(job["file"], cache)
    app = msal.PublicClientApplication(
        job["clientId"], authority=job["authority"], token_cache=cache, http_client=Relay(job["relay"])
    )
    accounts = [a for a in app.get_accounts() if a["username"].lower() == job["username"].lower()]
    if job["do"] == "signIn":
        result = app.acquire_token_by_username_password(job["username"], job["password"], scopes=[job["scope"]])
    elif job["do"] == "signOut":
        for account in accounts:
            app.remove_account(account)
        result = {"access_token": ""}
    elif not accounts:
        result = {"error": "no_account", "error_description": "nobody of that name is in the cache"}
    else:
        result = app.acquire_token_silent_with_error([job["scope"]], account=accounts[0])
        result = result or {"error": "no_token", "error_description": "neither a token nor a refresh token"}
    save(job["file"], cache)
    if "access_token" in result:
        return {"ok": True, "accessToken": result["access_token"]}
    return {"ok": False, "error": f"{result.get('error')}: {result.get('error_description')}"}


for line in sys.stdin:
    try:
        done = work(json.loads(line))
    except Exception as error:
        done = {"ok": False, "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(done), flush=True)
