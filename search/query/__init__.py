"""One query from the request to the explained answer."""
