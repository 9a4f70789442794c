"""Running the whole site from one command: Redis, web server, workers, reconciler. No part of the web process."""
