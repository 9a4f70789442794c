"""Accounts: logging in by django-allauth as this site wants it, invitations, and the second factor."""
