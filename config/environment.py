"""Every value that the environment may set: its type, default, unit and meaning.

`docs/configuration.md` is checked against this class, so the two cannot part.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

BASE_DIR = Path(__file__).resolve().parent.parent


class Environment(BaseSettings):
    """Values read once at start-up; an unusable one stops the process with a sentence that names it."""

    model_config = SettingsConfigDict(env_file=BASE_DIR / ".env", env_ignore_empty=True, extra="ignore")

    # Where and how the site is served
    host: str = Field("127.0.0.1", description="Address the web server binds to.")
    port: int = Field(8000, ge=0, le=65535, description="Port of the web server; 0 takes a free one.")
    allowed_hosts: list[str] = Field(
        ["localhost", "127.0.0.1", "[::1]"], description="Host names the site answers to (JSON list)."
    )
    csrf_trusted_origins: list[str] = Field([], description="Origins allowed to post when behind a proxy (JSON list).")
    behind_https: bool = Field(False, description="Set when a proxy serves the site by HTTPS: secure cookies, HSTS.")
    open_access: bool = Field(
        False,
        description="Browse, search and upload without a log-in. `manage.py run` turns it on when bound to loopback.",
    )
    new_account_role: Literal["viewer", "contributor", "reviewer", "curator"] = Field(
        "viewer", description="What people are who have an account and no role yet."
    )
    debug: bool = Field(False, description="Django's debug pages; for developers only.")
    secret_key: str = Field("", description="Django's secret key; empty: one is made and kept in DATA_DIR.")
    web_threads: int = Field(8, ge=1, description="Threads of the web server.")

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
        "compact", description="Network of the deep method: compact, which is built in, or a keras.applications model."
    )
    deep_weights: Path | None = Field(
        None,
        description="Weights file of the backbone, or a whole `.keras` or `.tflite` model; empty: those of "
        "`fetch_weights`.",
    )
    deep_preprocessing: str = Field(
        "", description="keras.applications module whose preprocess_input a `.keras` model expects; empty: by its name."
    )
    feature_batch_size: int = Field(32, ge=1, le=512, description="Images of one feature job.")
    lease_seconds: int = Field(120, ge=10, description="Time a worker holds a batch before others may take it.")
    max_attempts: int = Field(3, ge=1, description="Tries of one feature before it is marked failed.")
    reconcile_seconds: int = Field(30, ge=1, description="Pause between two rounds of the reconciler.")

    # Index and search
    exact_search_max_images: int = Field(50_000, ge=0, description="Up to this many images search is exact.")
    index_backend: str = Field("auto", description="ANN backend: auto, annoy, cv2, exact, faiss_hnsw or faiss_flat.")
    index_trees: int = Field(20, ge=1, description="Trees of an ANN index.")
    index_seed: int = Field(20, ge=0, description="Seed of the ANN index and of the calibration sample.")
    min_recall: float = Field(0.95, ge=0, le=1, description="ANN recall@20 below which an ANN index is not used.")
    rebuild_delta_images: int = Field(200, ge=1, description="New images after which a new generation is built.")
    rebuild_delta_fraction: float = Field(
        0.1, gt=0, description="... and the share of the generation that they must also reach."
    )

    # Logs
    log_json: bool = Field(False, description="Log as JSON lines instead of text.")
    log_level: str = Field("INFO", description="Least level logged.")

    @field_validator("data_dir", "deep_weights")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value if value is None else Path(value).expanduser().resolve()


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the process's environment, read once."""
    return Environment()
