"""Settings of the processes that tests start and kill: as always, with one method that is slow and can be killed."""

from config.settings import *  # noqa: F403
from tests.search.plug_ins import plug_in_fragile

plug_in_fragile()
