"""The pairs of a search: the image that it starts from, with each of its hits."""

from __future__ import annotations

import numpy as np
from django.http import QueryDict
from django.utils.translation import gettext as _

from review.exceptions import QueueError
from review.models import Queue
from review.queues.candidates import exclusions
from review.queues.candidates.found import FoundPairs, Progress, images_for
from search.forms import MAX_RESULTS, PAGE_SIZE, SearchForm
from search.query import pipeline


def gather_search(queue: Queue, _report: Progress) -> FoundPairs:
    """Pair the image that a search starts from with the hits that its page shows, best first.

    Raises
    ------
    QueueError : the search does not start from an image of the gallery that may be judged
    SearchError : the search cannot be answered
    """
    form = SearchForm(QueryDict(queue.parameters["address"]))
    asked = form.cleaned_data if form.is_valid() else {}
    start = images_for(queue.created_by, None).filter(pk=asked.get("image") or 0).first()
    if start is None:
        raise QueueError(
            _("Expected a search that starts from an image of the gallery; this one does not, or the image is gone.")
        )
    answer = pipeline.run_query(
        pipeline.for_image(start.pk),
        form.weights(),
        k=MAX_RESULTS,
        collection_id=queue.collection_id,
        viewer=queue.created_by,
    )
    lowest, highest = asked["min"] or 0, 100 if asked["max"] is None else asked["max"]
    within = [each for each in answer.results if lowest <= round(100 * each.score, 6) <= highest]
    hits = within[: asked["k"] or PAGE_SIZE]
    found = images_for(queue.created_by, None).filter(pk__in=[each.image_id for each in hits])
    hashes = dict(found.values_list("pk", "sha256"))
    taken = exclusions.of_pairs(queue, start.sha256, hashes.values())
    left = [each for each in hits if each.image_id in hashes and hashes[each.image_id] not in taken]
    chosen = left[: queue.parameters["wanted"]]
    return FoundPairs(
        first=np.full(len(chosen), start.pk, np.int64),
        second=np.array([each.image_id for each in chosen], np.int64),
        scores=np.array([each.score for each in chosen], np.float64),
        weights=answer.weights,
        num_left_out=len(taken),
        about={"image": start.pk, "name": str(start)},
    )
