"""Background work of search: jobs, what the gallery's signals start, and what goes on by itself."""
