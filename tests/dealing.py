"""How tests are dealt out where several processes run them."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"


class FilesAndSites(LoadFileScheduling):
    """Deals out whole files, and all that look at the running sites together: to start a site takes long."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return BROWSER if file.startswith(BROWSER) else file
