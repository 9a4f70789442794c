"""Every value that the environment may set: its type, default, unit and meaning.

`docs/configuration.md` is checked against this class, so the two cannot part.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.mail import read_mail_url
from config.openness import Openness

BASE_DIR = Path(__file__).resolve().parent.parent


class Environment(BaseSettings):
    """Values read once at start-up; an unusable one stops the process with a sentence that names it."""

    model_config = SettingsConfigDict(
        env_file=BASE_DIR / ".env",
        env_ignore_empty=True,  # PORT= in a file means the default
        extra="ignore",
        hide_input_in_errors=True,  # some of it is secret
    )

    # Where and how the site is served
    host: str = Field("127.0.0.1", description="Address the web server binds to.")
    port: int = Field(8000, ge=0, le=65535, description="Port of the web server; 0 takes a free one.")
    allowed_hosts: list[str] = Field(
        ["localhost", "127.0.0.1", "[::1]"], description="Host names the site answers to (JSON list)."
    )
    csrf_trusted_origins: list[str] = Field([], description="Origins allowed to post when behind a proxy (JSON list).")
    behind_https: bool = Field(False, description="Set when a proxy serves the site by HTTPS: secure cookies, HSTS.")
    open_access: Openness = Field(
        False,
        description="Browse, search and upload without a log-in: true for whoever reaches the site, local for the "
        "people at this machine, which is what `manage.py run` takes when it is not set.",
    )
    new_account_role: Literal["viewer", "contributor", "reviewer", "curator"] = Field(
        "viewer", description="What people are who have an account and no role yet."
    )
    sign_up: bool = Field(
        False, description="Let people make accounts by themselves; else admins invite them or OpenID Connect does."
    )
    second_factor: Literal["off", "optional", "admins"] = Field(
        "optional",
        description="Codes of an authenticator app at log-in: off, optional, or demanded of admins and optional else.",
    )
    trusted_proxies: int = Field(
        0, ge=0, description="Proxies in front of the site whose X-Forwarded-For tells where a log-in comes from."
    )
    debug: bool = Field(False, description="Django's debug pages; for developers only.")
    secret_key: str = Field("", description="Django's secret key; empty: one is made and kept in DATA_DIR.")
    web_threads: int = Field(8, ge=1, description="Threads of the web server.")

    # Log-in by OpenID Connect
    oidc_issuer: str = Field(
        "", description="Address of an OpenID Connect provider; empty: people log in by password only."
    )
    oidc_client_id: str = Field("", description="Name under which the provider knows this site.")
    oidc_client_secret: str = Field("", description="Secret that the provider gave this site.")
    oidc_name: str = Field("Single sign-on", min_length=1, description="What the button of the log-in page says.")
    oidc_new_accounts: bool = Field(
        True, description="Whether people whom the provider knows get an account at their first log-in."
    )
    oidc_join_by_email: bool = Field(
        False,
        description="Whether an address that the provider calls verified opens the account here that has it.",
    )

    # Mail
    email_url: str = Field(
        "", description="Mail server as a URL; empty: mails are written into the folder `mail` of DATA_DIR."
    )
    email_from: str = Field(
        "Likeness <likeness@localhost>", min_length=3, description="Sender of the mails to people with an account."
    )

    # Where things are kept
    data_dir: Path = Field(BASE_DIR / "var", description="Folder of everything the system stores.")
    database_url: str = Field("", description="Database as a URL; empty: SQLite in DATA_DIR.")
    redis_url: str = Field("", description="Redis or Valkey as a URL; empty: `manage.py run` starts its own.")

    # Uploads
    max_upload_bytes: int = Field(100 * 2**20, ge=1, description="Largest file accepted, in bytes.")
    max_pixels: int = Field(128_000_000, ge=1, description="Most pixels (width x height) of one frame.")
    max_frames: int = Field(300, ge=1, description="Most frames or pages of one file.")
    decode_timeout_seconds: float = Field(20, gt=0, description="Longest time the decoder may take for one file.")
    decode_memory_bytes: int = Field(2**30, ge=2**28, description="Address space of the decoder child, in bytes.")

    # Trash
    trash_days: int = Field(30, ge=1, description="Days after which what lies in the trash is deleted for good.")

    # Features
    deep_backbone: str = Field(
        "lite2",
        description="Network of the deep method: lite2, lite1 or lite0, which come as packages, compact, which is "
        "built in, or a keras.applications model.",
    )
    deep_weights: Path | None = Field(
        None,
        description="Weights file of the backbone, a whole `.keras`, `.tflite` or `.onnx` model, or a folder with an "
        "`.onnx` model; empty: as DEEP_BACKBONE says.",
    )
    deep_preprocessing: str = Field(
        "", description="keras.applications module whose preprocess_input a `.keras` model expects; empty: by its name."
    )
    feature_batch_size: int = Field(32, ge=1, le=512, description="Images of one feature job.")
    lease_seconds: int = Field(120, ge=10, description="Time a worker holds a batch before others may take it.")
    max_attempts: int = Field(3, ge=1, description="Tries of a piece of background work before it is marked failed.")
    reconcile_seconds: int = Field(30, ge=1, description="Pause between two rounds of the reconciler.")

    # Index and search
    exact_search_max_images: int = Field(50_000, ge=0, description="Up to this many images search is exact.")
    index_backend: str = Field("auto", description="ANN backend: auto, annoy, cv2, exact, faiss_hnsw or faiss_flat.")
    index_trees: int | None = Field(
        None, ge=1, description="Trees of an Annoy or OpenCV index; empty: as many as suit most libraries, 20."
    )
    index_seed: int = Field(20, ge=0, description="Seed of the ANN index and of the calibration sample.")
    min_recall: float = Field(0.95, ge=0, le=1, description="ANN recall@20 below which an ANN index is not used.")
    rebuild_delta_images: int = Field(200, ge=1, description="New images after which a new generation is built.")
    rebuild_delta_fraction: float = Field(
        0.1, gt=0, description="... and the share of the generation that they must also reach."
    )

    # Review
    review_lease_seconds: int = Field(
        900, ge=5, description="Time a person holds a pair of a review queue before others may take it."
    )
    comparisons_kept: int = Field(
        2000,
        ge=1,
        description="Close comparisons of pairs that are kept, the newest; others are computed when asked for.",
    )

    # Logs
    log_json: bool = Field(False, description="Log as JSON lines instead of text.")
    log_level: str = Field("INFO", description="Least level logged.")

    @field_validator("data_dir", "deep_weights")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value if value is None else Path(value).expanduser().resolve()

    @field_validator("email_url")
    @classmethod
    def _mail_server(cls, value: str) -> str:
        read_mail_url(value)
        return value

    @model_validator(mode="after")
    def _whole_provider(self) -> Self:
        given = [self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret]
        if any(given) and not all(given):
            raise ValueError("OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET: set all three, or none")
        return self


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the process's environment, read once."""
    return Environment()
