"""What the codes of search's errors say, by subject: what was expected, what came, and what to do."""

from jobs import errors
from search.error_sentences import (
    commands,
    exports,
    index,
    jobs,
    measuring,
    methods,
    pretrained,
    queries,
    site,
    training,
)

SUBJECTS = (commands, exports, index, jobs, measuring, methods, pretrained, queries, site, training)
for _subject in SUBJECTS:
    errors.register(_subject.SENTENCES)
