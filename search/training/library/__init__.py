"""Training on this library: where the images come from, and what serves afterwards."""
