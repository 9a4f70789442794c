"""The one door of search: what other apps may use of it, by subject, beside its models and its named errors.

Whoever needs more adds a name here rather than reaching in. Each subject is a module of its own, so that a process that
wants words and colors loads no image processing. Nothing in search imports its own door.
"""
