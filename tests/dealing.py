"""How tests are dealt out where several processes run them."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

SITES = ("tests/browser/accounts/", "tests/browser/everybody/")
LONGEST = (
    *SITES,
    "tests/test_extremes.py",
    "tests/search/background/site/test_supervisor.py",
    "tests/test_stored_data.py",
    "tests/search/test_end_to_end.py",
)
"""What takes longest, the longest first: what is begun last should be short, or one process works on alone."""


class FilesAndSites(LoadFileScheduling):
    """Deals out whole files, and all that look at one running site together: to start a site takes long."""

    def _split_scope(self, nodeid: str) -> str:
        return next((site for site in SITES if nodeid.startswith(site)), str(super()._split_scope(nodeid)))

    def _assign_work_unit(self, node: WorkerController) -> None:
        longest = next((scope for scope in LONGEST if scope in self.workqueue), None)
        if longest:
            self.workqueue.move_to_end(longest, last=False)
        super()._assign_work_unit(node)
