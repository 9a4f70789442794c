"""Images as arrays: the steps that methods take, for whoever shows what they see. Pure: arrays only."""

from search.methods.base import check_images, gray, resize, resize_longest
from search.methods.keypoints.homography import describe, fit
from search.methods.keypoints.pairing import RATIO
from search.methods.keypoints.rows import WAYS, Keypoints
from search.types import RGBImage, Verification

__all__ = [
    "RATIO",
    "WAYS",
    "Keypoints",
    "RGBImage",
    "Verification",
    "check_images",
    "describe",
    "fit",
    "gray",
    "resize",
    "resize_longest",
]
