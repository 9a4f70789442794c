"""Storage of static files."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleAwareStorage(CompressedManifestStaticFilesStorage):
    """Hashed, compressed files; relative imports inside ES modules are rewritten to the hashed names too."""

    support_js_module_import_aggregation = True
