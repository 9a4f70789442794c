"""Searching as people do: what is asked, who may ask it, and what is found."""

from search.forms import read_request, write_request
from search.query.answer import SearchAnswer, search
from search.query.explain_missing import MethodPlace, Place, find_place
from search.query.request import (
    MAX_RESULTS,
    PAGE_SIZE,
    DescribedImage,
    GalleryImage,
    ScoreRange,
    SearchRequest,
    UploadedImage,
    weights_of,
)
from search.query.subject import Subject, find_subject, images_of, visible_collection
from search.query.uploads import session_queries
from search.types import Result

__all__ = [
    "MAX_RESULTS",
    "PAGE_SIZE",
    "DescribedImage",
    "GalleryImage",
    "MethodPlace",
    "Place",
    "Result",
    "ScoreRange",
    "SearchAnswer",
    "SearchRequest",
    "Subject",
    "UploadedImage",
    "find_place",
    "find_subject",
    "images_of",
    "read_request",
    "search",
    "session_queries",
    "visible_collection",
    "weights_of",
    "write_request",
]
