"""What pages say after an act."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.contrib.messages import get_messages


def codes(response: Any) -> list[str]:
    """Return the codes of the messages of a response."""
    return [message.extra_tags for message in get_messages(response.wsgi_request)]


def said(response: Any) -> list[str]:
    """Return the messages of a response, without the buttons beside them."""
    texts = [str(message) for message in get_messages(response.wsgi_request)]
    return [unescape(re.sub(r"<form.*</form>|<[^>]*>", "", text, flags=re.DOTALL)).strip() for text in texts]
