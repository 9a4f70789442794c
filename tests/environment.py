"""Loaded before Django's settings: the suite keeps all it writes in a folder of its own, gone when it ends."""

import atexit
import os
import shutil
import tempfile

_FOLDER = tempfile.mkdtemp(prefix="likeness-tests-")
os.mkdir(os.path.join(_FOLDER, "static"))  # WhiteNoise warns when there is none
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)

for _name in ("REDIS_URL", "DEEP_WEIGHTS", "DEEP_BACKBONE", "DEEP_PREPROCESSING", "IMAGES", "PORT", "HOST"):
    os.environ.pop(_name, None)
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")
os.environ.update(
    DATA_DIR=_FOLDER,
    OPEN_ACCESS="1",
    DEEP_BACKBONE="compact",  # the quickest network; tests of others name them
    SECRET_KEY="only-for-tests-" + "x" * 40,
    TF_CPP_MIN_LOG_LEVEL="3",
    LOG_LEVEL="WARNING",
)
if "PYTEST_XDIST_WORKER" in os.environ:  # each process has a core of its own, and keeps to it
    os.environ.update(
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        OPENCV_FOR_THREADS_NUM="1",
        TF_NUM_INTRAOP_THREADS="1",
        TF_NUM_INTEROP_THREADS="1",
    )
