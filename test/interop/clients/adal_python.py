"""One sign-in by ADAL Python. The job comes on stdin (never as an argument, which `ps` would show); one line of JSON
goes to stdout."""

import json
import sys

import adal

job = json.load(sys.stdin)
try:
    # With validation, ADAL would ask login.microsoftonline.com about this host.
    context = adal.AuthenticationContext(job["authority"], validate_authority=False, api_version=None)
    result = context.acquire_token_with_username_password(
        job["resource"], job["username"], job["password"], job["clientId"]
    )
    answer = {"ok": len(result["accessToken"]) > 0, "username": result["userId"]}
except Exception as error:
    answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
print(json.dumps(answer))
