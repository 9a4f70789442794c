"""Django's settings, by topic. Every value that may differ between machines comes from `config.environment`."""

import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dj_database_url
from csp.constants import NONE, SELF
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

from config.environment import BASE_DIR, environment
from config.logs import configure_logging
from config.mail import read_mail_url
from config.openness import LOCAL, openness
from jobs.files import whole_file
from jobs.locks import locked

ENV = environment()

# Where things are kept
DATA_DIR: Path = ENV.data_dir
ORIGINALS_DIR = DATA_DIR / "originals"
DERIVATIVES_DIR = DATA_DIR / "derivatives"
QUERIES_DIR = DATA_DIR / "queries"
GENERATIONS_DIR = DATA_DIR / "generations"
MAPS_DIR = DATA_DIR / "maps"
COMPARISONS_DIR = DATA_DIR / "comparisons"
DUPLICATES_DIR = DATA_DIR / "duplicates"
QUEUES_DIR = DATA_DIR / "queues"
WEIGHTS_DIR = DATA_DIR / "weights"
CONTENT_DIR = DATA_DIR / "models" / "content"
SIAMESE_DIR = DATA_DIR / "models" / "siamese"
RUNTIME_DIR = DATA_DIR / "run"
AUDIT_HEADS_FILE = DATA_DIR / "audit-heads"
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)


def _secret_key() -> str:
    """Return the configured key, or the one kept in DATA_DIR, made at first need."""
    if ENV.secret_key:
        return ENV.secret_key
    path = DATA_DIR / "secret_key"
    # Processes start together and one may be killed: none must read a file that another has not filled yet.
    if not _has_text(path):
        RUNTIME_DIR.mkdir(mode=0o700, exist_ok=True)
        with locked(RUNTIME_DIR / "secret_key.lock"):
            if not _has_text(path):
                with whole_file(path, mode=0o600) as file:
                    file.write(get_random_secret_key().encode())
    return path.read_text()


def _has_text(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _redis_socket() -> Path:
    """Return the socket of our own Redis: in DATA_DIR, or under /tmp where that path is longer than sockets allow."""
    path = RUNTIME_DIR / "redis.sock"
    if len(os.fsencode(path)) <= 100:  # an address of a socket holds 108 bytes on Linux, 104 on macOS
        return path
    digest = hashlib.sha256(os.fsencode(DATA_DIR)).hexdigest()[:16]
    return Path("/tmp") / f"likeness-{os.getuid()}-{digest}" / "redis.sock"  # noqa: S108 (the folder is made private)


# Core
SECRET_KEY = _secret_key()
DEBUG = ENV.debug
ALLOWED_HOSTS = ENV.allowed_hosts
CSRF_TRUSTED_ORIGINS = ENV.csrf_trusted_origins
_OPEN = openness(ENV.open_access, ENV)
OPEN_ACCESS, OPEN_LOCALLY = _OPEN is True, _OPEN == LOCAL
NEW_ACCOUNT_ROLE = ENV.new_account_role
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "django_rq",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "gallery",
    "search",
    "review",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",  # static files lie there compressed already
    "config.compression.TextGZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "gallery.people.access.OpenAccessMiddleware",
    "gallery.people.accounts.second_factor.SecondFactorMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "gallery.people.access.abilities",
            ],
        },
    },
]

# Database: short write transactions that take their lock at once, so that writers queue instead of failing
_SQLITE = (
    f"sqlite:///{DATA_DIR / 'likeness.sqlite3'}?transaction_mode=IMMEDIATE&timeout=20"
    # With WAL and NORMAL a power cut may cost the last commits, but never the file.
    "&init_command=PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
)
DATABASES = {"default": dj_database_url.parse(ENV.database_url or _SQLITE, conn_max_age=60)}

# Jobs: ids only, as JSON; one queue per worker process
REDIS_URL = ENV.redis_url or f"unix://{quote(str(_redis_socket()))}?db=0"
QUEUE_FEATURES, QUEUE_INTERACTIVE, QUEUE_MAINTENANCE = "features", "interactive", "maintenance"
RQ_QUEUES = {
    name: {"URL": REDIS_URL, "DEFAULT_TIMEOUT": timeout, "SERIALIZER": "rq.serializers.JSONSerializer"}
    # Somebody waits for what is interactive; a build may take hours.
    for name, timeout in ((QUEUE_FEATURES, 900), (QUEUE_INTERACTIVE, 60), (QUEUE_MAINTENANCE, 4 * 3600))
}
RQ = {"COMMIT_MODE": "on_db_commit"}

# Uploads: files stream to disk, whatever their size
FILE_UPLOAD_HANDLERS = ["gallery.intake.upload_handler.SpoolingHandler"]
DATA_UPLOAD_MAX_NUMBER_FILES = 1000  # without scripts a whole folder comes in one request

# Trash
TRASH_DAYS = ENV.trash_days

# Similarity: options handed to the methods, which read no settings themselves
DEEP_OPTIONS = {
    "backbone": ENV.deep_backbone,
    "weights": ENV.deep_weights,
    "preprocessing": ENV.deep_preprocessing,
    "weights_dir": WEIGHTS_DIR,
    "models_dir": CONTENT_DIR,
}
SEARCH_METHOD_OPTIONS: dict[str, dict[str, Any]] = {
    "deep": DEEP_OPTIONS,
    "siamese": {"folder": SIAMESE_DIR, "deep": DEEP_OPTIONS},
    "words": {"deep": DEEP_OPTIONS},
}

# Language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# Static files
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# No "default": images and the like are kept by gallery.storage, and a file field without a place of its own must fail.
STORAGES = {"staticfiles": {"BACKEND": "config.static.ModuleAwareStorage"}}

# Security
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.behind_https else None
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.behind_https
SECURE_HSTS_SECONDS = 31_536_000 if ENV.behind_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = ENV.behind_https
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "gallery.refusals.forged"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}

# Accounts: what django-allauth asks for
SIGN_UP = ENV.sign_up
SECOND_FACTOR = ENV.second_factor
OIDC_NEW_ACCOUNTS = ENV.oidc_new_accounts
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ALLAUTH_TRUSTED_PROXY_COUNT = ENV.trusted_proxies
ACCOUNT_ADAPTER = "gallery.people.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "gallery.people.accounts.forms.NamedLoginForm",
    "signup": "gallery.people.accounts.forms.NamedSignupForm",
    "add_email": "gallery.people.accounts.forms.NamedAddressForm",
    "change_password": "gallery.people.accounts.forms.NamedChangeForm",
    "set_password": "gallery.people.accounts.forms.NamedSetForm",
    "reset_password": "gallery.people.accounts.forms.NamedResetForm",
    "reset_password_from_key": "gallery.people.accounts.forms.NamedLinkForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # of those who signed up by themselves; see gallery.people.accounts.stages
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Likeness] "
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # strangers get no mail because somebody typed their address
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 2  # the one in use and the one that waits to be confirmed
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
MFA_ADAPTER = "gallery.people.accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = [] if SECOND_FACTOR == "off" else ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Likeness"
MFA_TOTP_TOLERANCE = 1  # half a minute: clocks of phones differ
MFA_ALLOW_UNVERIFIED_EMAIL = True  # who was invited may have no address at all
SOCIALACCOUNT_ADAPTER = "gallery.people.accounts.adapters.SocialAdapter"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"  # the provider vouches for its people
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = ENV.oidc_join_by_email
_OIDC_APP = {
    "provider_id": "sso",
    "name": ENV.oidc_name,
    "client_id": ENV.oidc_client_id,
    "secret": ENV.oidc_client_secret,
    "settings": {"server_url": ENV.oidc_issuer, "oauth_pkce_enabled": True},
}
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {"openid_connect": {"APPS": [_OIDC_APP] if ENV.oidc_issuer else []}}

# Attempts to log in are counted where all processes see them
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "passing_counts",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

# Mail
_MAIL = read_mail_url(ENV.email_url)
EMAIL_BACKEND = _MAIL.backend
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_HOST, EMAIL_PORT = _MAIL.host, _MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL.user, _MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.starttls, _MAIL.tls
EMAIL_TIMEOUT = 10  # a page waits for it
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.email_from

# Logs
LOGGING_CONFIG = None  # else Django's own comes on top
configure_logging(ENV.log_level, as_json=ENV.log_json)
