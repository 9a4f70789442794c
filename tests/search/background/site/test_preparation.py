"""Tables, static files, administrator: made when missing, left alone when there."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth import authenticate, get_user_model

from jobs.supervisor import lock
from jobs.supervisor.lock import AlreadyRunningError
from search.background.site import preparation
from tests.codes import refused

Told = list[tuple[str, ...]]


@pytest.fixture
def told() -> Told:
    """Names and passwords that were told."""
    return []


@pytest.mark.django_db
def test_an_administrator_is_made_once(told: Told) -> None:
    assert preparation.make_admin(lambda *admin: told.append(admin)) is True
    assert preparation.make_admin(lambda *admin: told.append(admin)) is False
    ((name, password),) = told
    user = authenticate(username=name, password=password)
    assert user is not None
    assert user.is_superuser
    assert len(password) >= 16


@pytest.mark.django_db
def test_a_name_in_use_is_left_to_its_owner(told: Told) -> None:
    get_user_model().objects.create_user("admin")
    preparation.make_admin(lambda *admin: told.append(admin))
    assert told[0][0] == "likeness-admin"


@pytest.mark.django_db
def test_nobody_is_made_whose_password_could_not_be_told() -> None:
    def fail(name: str, password: str) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        preparation.make_admin(fail)
    assert not get_user_model().objects.exists()


@pytest.mark.django_db
def test_tables_that_are_up_to_date_are_left_alone() -> None:
    assert preparation.migrate() is False


def test_static_files_are_collected_when_they_change(settings: LazySettings, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.css").write_text("a {}")
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "root"
    assert preparation.collect_static() is True
    assert preparation.collect_static() is False
    (source / "b.css").write_text("b {}")
    assert preparation.collect_static() is True
    assert (tmp_path / "root" / "b.css").exists()


def test_the_lock_names_its_holder(tmp_path: Path) -> None:
    assert lock.read_holder(tmp_path) == {}
    with lock.exclusive(tmp_path / "run") as file:
        lock.write_holder(file, "http://here/")
        assert lock.read_holder(tmp_path / "run")["url"] == "http://here/"
        with refused(AlreadyRunningError, "already_running", url="http://here/"), lock.exclusive(tmp_path / "run"):
            pass
    assert lock.read_holder(tmp_path / "run") == {}
    with (tmp_path / "run" / lock.LOCK_NAME).open() as free:
        fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize("text", ["", "not json", "[]", "{"])
def test_an_odd_lock_file_tells_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / lock.LOCK_NAME).write_text(text)
    assert lock.read_holder(tmp_path) == {}
