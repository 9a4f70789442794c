"""Training of the networks that Likeness uses: pure code, on Keras, apart from the site that runs."""
