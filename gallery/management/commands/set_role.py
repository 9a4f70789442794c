"""`manage.py set_role USER ROLE [--collection NAME]`: say what somebody is to the site, or to one collection."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from gallery.models import Collection
from gallery.people.membership import RoleError, remove_membership, set_membership, set_role
from gallery.people.roles import Role

NONE = "none"


class Command(BaseCommand):
    help = "Give an account a role on the site or in one collection. Exit codes: 0 it has the role, 1 it has not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="User name of the account.")
        roles = [role.name.lower() for role in Role]
        parser.add_argument("role", choices=[*roles, NONE], help="The role; none: out of the collection.")
        parser.add_argument("--collection", default="", help="Name of a collection: the role counts in it only.")
        parser.add_argument("--json", action="store_true", help="Print the outcome as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"Expected the user name of an account, got {options['user']!r}; there is none.")
        try:
            changed = self._change(user, options["role"], options["collection"])
        except RoleError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            about = {"user": user.get_username(), "role": options["role"], "collection": options["collection"] or None}
            self.stdout.write(json.dumps(about | {"changed": changed}))
            return
        where = f" in {options['collection']}" if options["collection"] else ""
        became = "is" if changed else "was already"
        self.stdout.write(f"{user.get_username()} {became}: {options['role']}{where}.")

    def _change(self, user: User, role: str, name: str) -> bool:
        if not name:
            if role == NONE:
                raise CommandError("Everybody with an account is something on the site; “none” needs --collection.")
            return set_role(user, Role[role.upper()], None)
        collection = Collection.objects.filter(name=name).first()
        if collection is None:
            raise CommandError(f"Expected the name of a collection, got {name!r}; there is none.")
        if role == NONE:
            return remove_membership(collection, user, None)
        return set_membership(collection, user, Role[role.upper()], None)
