"""django-oauth-toolkit in one file. The job comes as JSON on stdin (never as an argument, which `ps` would show)."""

import json
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

import django
from django.conf import settings

job = json.load(sys.stdin)

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": job["database"]}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_ISS_ENDPOINT": job["issuer"],
        "OIDC_RESPONSE_TYPES_SUPPORTED": ["code"],
        "OIDC_RSA_PRIVATE_KEY": job["privateKey"],
        "PKCE_REQUIRED": False,
        "ROTATE_REFRESH_TOKEN": True,
        "SCOPES": {"openid": "OpenID", "profile": "profile", "offline_access": "refresh", "api.read": "reading"},
    },
    # The hash costs most of a sign-in, and is not what is looked at here.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=job["sessionKey"],
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402

urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]

call_command("migrate", verbosity=0)
user = User.objects.create_user(job["username"], "alice@example.test", job["password"])
for client_id, client_type, secret in (("pub", "public", ""), ("conf", "confidential", job["clientSecret"])):
    Application.objects.create(
        algorithm="RS256",
        authorization_grant_type="password",
        client_id=client_id,
        client_secret=secret,
        client_type=client_type,
        name=client_id,
        user=user,
    )


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


make_server("127.0.0.1", job["port"], get_wsgi_application(), server_class=Server).serve_forever()
