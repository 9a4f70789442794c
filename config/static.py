"""Storage of static files."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleAwareStorage(CompressedManifestStaticFilesStorage):
    """Hashed, compressed files; relative imports inside our ES modules are rewritten to the hashed names too.

    Django's own switch for that would read every package's scripts, and one of them shows an import in a comment.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )
