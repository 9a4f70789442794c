"""The pairs of a search: the image that it starts from, with each of its hits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from django.http import QueryDict

from jobs.progress import Tell
from review.exceptions import QueueError
from review.models import Queue
from review.queues.candidates import exclusions
from review.queues.candidates.found import FoundPairs, images_for
from search.public.searching import GalleryImage, Subject, read_request, search, weights_of


def gather_search(queue: Queue, _report: Tell) -> FoundPairs:
    """Pair the image that a search starts from with the hits that its page shows, best first.

    Raises
    ------
    QueueError : the search does not start from an image of the gallery that may be judged
    SearchError : the search cannot be answered
    """
    asked, problems = read_request(QueryDict(queue.parameters["address"]))
    if not problems and asked.images and not asked.is_plain:
        raise QueueError("one_image_to_start_from")
    wanted = asked.images[0] if asked.images and not problems else None
    start = images_for(queue.asked_by, None).filter(pk=wanted.image_id if isinstance(wanted, GalleryImage) else 0)
    image = start.first()
    if image is None:
        raise QueueError("no_image_to_start_from")
    # The address names the weights; whose queue it is, and of which collection, is the queue's to say.
    asked = replace(asked, viewer=queue.asked_by, collection=queue.collection, weights=weights_of(asked))
    answer = search(asked, Subject.of_image(image, asked.words))
    hits = answer.shown.results
    found = images_for(queue.asked_by, None).filter(pk__in=[each.image_id for each in hits])
    hashes = dict(found.values_list("pk", "sha256"))
    taken = exclusions.of_pairs(queue, image.sha256, hashes.values())
    left = [each for each in hits if each.image_id in hashes and hashes[each.image_id] not in taken]
    chosen = left[: queue.parameters["wanted"]]
    return FoundPairs(
        first=np.full(len(chosen), image.pk, np.int64),
        second=np.array([each.image_id for each in chosen], np.int64),
        scores=np.array([each.score for each in chosen], np.float64),
        weights=answer.found.weights,
        num_left_out=len(taken),
        about={"image": image.pk, "name": str(image)},
    )
