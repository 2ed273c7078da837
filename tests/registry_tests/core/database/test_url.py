"""A database's URL never shows a secret, wherever it stands."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from registry.core.database.driver_errors import explain
from registry.core.database.url import SECRET_OPTIONS, display_url, hide_secrets, without_secrets

SECRET = "s3cr&t/=%41"
PLACES = [
    sa.URL.create("postgresql", "ann", SECRET, "db", 5432, "studies"),
    *(sa.URL.create("postgresql", host="db", database="d", query={"user": "u", n: SECRET}) for n in SECRET_OPTIONS),
    *(sa.URL.create("postgresql", host="db", database="d", query={n.upper(): SECRET}) for n in SECRET_OPTIONS),
    sa.URL.create("postgresql", host="db", database="d", query={"password": (SECRET, SECRET)}),
    sa.URL.create("postgresql", "u", SECRET, database="d", query={"host": ("a:1", "b:2"), "passfile": SECRET}),
]


def whole(url):
    return url.render_as_string(hide_password=False)


@pytest.mark.parametrize("url", PLACES, ids=repr)
def test_no_secret_is_shown(url):
    for shown in (display_url(whole(url)), whole(without_secrets(whole(url)))):
        assert "s3cr" not in shown
    error = sa.exc.OperationalError("SELECT 1", None, Exception(f"no such user with {SECRET}"))
    assert "s3cr" not in str(explain(error, url))


def test_what_is_no_secret_stays():
    shown = display_url("postgresql://ann:x@db/studies?application_name=night&password=x")
    assert shown == "postgresql+psycopg://ann:***@db/studies?application_name=night&password=***"
    assert display_url("sqlite:///studies.db") == "sqlite:///studies.db"


@given(st.text(min_size=1), st.sampled_from(SECRET_OPTIONS))
def test_a_text_loses_every_secret(secret, option):
    url = sa.URL.create("postgresql", "ann", host="db", database="d", query={option: secret})
    assert hide_secrets(f"<{secret}>", url).count(secret) <= "<***>".count(secret)
