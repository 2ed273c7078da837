"""A database's URL never shows a secret, wherever it stands."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from registry.core.database.driver_errors import explain
from registry.core.database.engine import open_engine
from registry.core.database.url import display_url, hide_secrets, without_secrets
from registry.core.errors import DatabaseError

# libpq's options that hold a secret or the path of one.
OPTIONS = ("password", "sslpassword", "passfile", "oauth_client_secret", "scram_client_key", "scram_server_key")
SECRET = "s3cr&t/=%41"
PLACES = [
    sa.URL.create("postgresql", "ann", SECRET, "db", 5432, "studies"),
    *(sa.URL.create("postgresql", host="db", database="d", query={"user": "u", n: SECRET}) for n in OPTIONS),
    *(sa.URL.create("postgresql", host="db", database="d", query={n.upper(): SECRET}) for n in OPTIONS),
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


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ann:s3cret@db:port/x", "is not a database URL"),
        ("postgresql://[::1", "is not a database URL"),
        ("postgresql://ann:s3cret@db:99999/x", "the storage's port is 99999; expected 1 to 65535"),
        ("postgresql://ann:s3cret@db:0/x", "the storage's port is 0"),
        ("sqlite://studies.db/x", "is a SQLite URL with a host; expected sqlite:///FILE"),
        ("postgresql://ann:ab@s3cret@db/x", "expected %40 in its place"),
        ("mysql://ann:s3cret@db/x", "is a 'mysql' URL"),
        ("sqlite:///x.db?timeout=long", "has an option that cannot be"),
        ("sqlite+aiosqlite:///x.db", r"no driver for sqlite.*; write sqlite:///FILE$"),
        ("postgresql+psycopg2://h/x", r"no driver for postgresql.*; write postgresql://…; its driver comes with pip"),
    ],
)
def test_a_url_that_cannot_be_is_refused_in_a_line(url, said):
    with pytest.raises(DatabaseError, match=said) as refused:
        open_engine(url)
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_options_that_are_misspelt_hide_their_secrets_too():
    assert "s3cr" not in display_url("postgresql://db/studies?passwd=s3cret&PGPASSWORD=s3cret&pwd=s3cret")


def test_what_is_no_secret_stays():
    shown = display_url("postgresql://ann:x@db/studies?application_name=night&password=x")
    assert shown == "postgresql+psycopg://ann:***@db/studies?application_name=night&password=***"
    assert display_url("sqlite:///studies.db") == "sqlite:///studies.db"


@given(st.text(min_size=1), st.sampled_from(OPTIONS))
def test_a_text_loses_every_secret(secret, option):
    url = sa.URL.create("postgresql", "ann", host="db", database="d", query={option: secret})
    assert hide_secrets(f"<{secret}>", url).count(secret) <= "<***>".count(secret)
