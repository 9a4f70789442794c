"""`manage.py run`: the programs of the site, what must be ready before them, and their supervisor."""
