"""Where bytes lie: originals, derivatives, uploaded queries, comparison maps. Everything else asks here for them."""

from gallery.storage.blobs import BlobStore
from gallery.storage.folder import FolderBlobStore

BLOBS: BlobStore = FolderBlobStore()
"""The store in use. Another kind of store is another class here; nobody else knows which it is."""
