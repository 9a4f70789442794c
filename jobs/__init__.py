"""Background work: how jobs are sent, done, watched and repeated. Knows Django and RQ, nothing of images."""
