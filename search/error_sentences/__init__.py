"""What the codes of search's errors say, by subject: what was expected, what came, and what to do."""

from jobs import errors
from search.error_sentences import exports, index, jobs, methods, pretrained, queries

SUBJECTS = (exports, index, jobs, methods, pretrained, queries)
for _subject in SUBJECTS:
    errors.register(_subject.SENTENCES)
