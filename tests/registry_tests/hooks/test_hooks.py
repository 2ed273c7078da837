"""Hooks: what they are told, by whom, in which order, and what becomes of a failure; with a real server."""

from __future__ import annotations

import hashlib
import hmac
import json
import shlex
import sys
import tempfile
from datetime import timedelta

import pytest
import sqlalchemy as sa
from support.receiver import receiving

from registry import ConflictError, NotFoundError, Registry, UsageError
from registry.cli import app
from registry.commands.oversight import hooks as hook_commands
from registry.core.console import run
from registry.core.database.transaction import writing
from registry.core.errors import DatabaseUnavailable
from registry.hooks import deliver
from registry.hooks.deliver import Delivered, Deliverer
from registry.schema import deliveries

EVERY = ["study-ended", "new-best", "alias-moved", "version-registered", "worker-lost"]


@pytest.fixture
def receiver():
    with receiving() as started:
        yield started


def outcomes(registry):
    """Return the log from its beginning: kind, try and outcome."""
    return [(each.kind, each.number, each.outcome) for each in reversed(registry.hook_log())]


def make_all_due(registry):
    """Let the time of every next try come."""
    with writing(registry._engine) as connection:
        connection.execute(deliveries.update().values(due_at=0))


class TestEvents:
    def test_a_moved_alias_is_told_as_a_cloud_event(self, registry, register, receiver):
        register(registry, 0.5)
        hook = registry.add_hook(receiver.url, ["alias-moved"])
        registry.set_alias("toy", "champion", 1, why="it is «good»")
        assert registry.deliver(commands=False).as_dict() == {"delivered": 1, "failed": 0, "waiting": 0, "left": {}}
        (request,) = receiver.all
        event = request.event
        assert request.headers["Content-Type"].startswith("application/cloudevents+json")
        assert request.headers["X-Studies-Event"] == "alias-moved"
        assert request.headers["X-Studies-Delivery"] == event["id"] == registry.hook_log()[0].event
        assert request.headers["X-Hub-Signature-256"] is None
        assert (event["specversion"], event["type"], event["subject"]) == ("1.0", "studies.alias-moved", "toy@champion")
        assert event["source"].startswith("urn:studies:registry:")
        data = event["data"]
        assert data["actor"] == hook.actor
        assert {name: data[name] for name in ("model", "alias", "change", "from_version", "to_version", "why")} == {
            "model": "toy",
            "alias": "champion",
            "change": "alias_set",
            "from_version": None,
            "to_version": 1,
            "why": "it is «good»",
        }

    def test_what_moves_an_alias_is_told_and_what_does_not_is_not(self, registry, register, receiver):
        for score in (0.5, 0.6):
            register(registry, score)
        registry.add_hook(receiver.url, ["alias-moved"])
        registry.promote("toy/1", "champion")
        registry.promote("toy/2", "champion")
        registry.promote("toy/1", "champion")  # refused
        registry.protect_alias("toy", "champion")
        registry.rollback("toy@champion", force=True)
        registry.remove_alias("toy", "champion", force=True)
        with pytest.raises(ConflictError):
            registry.set_alias("toy", "champion", 1, if_currently=2)
        registry.deliver(commands=False)
        assert [event["data"]["change"] for event in receiver.taken] == [
            "alias_set",
            "alias_set",
            "alias_rolled_back",
            "alias_removed",
        ]

    @pytest.mark.parametrize(
        ("direction", "scores", "best"),
        [("max", [0.5, 0.4, 0.5, 0.6], [1, 4]), ("min", [0.5, 0.6, 0.5, 0.4], [1, 4]), ("max", [float("nan")], [])],
    )
    def test_each_version_and_each_that_is_the_best_so_far(self, registry, register, receiver, direction, scores, best):
        registry.add_hook(receiver.url, ["version-registered", "new-best"])
        for score in scores:
            register(registry, score, direction=direction)
        registry.deliver(commands=False)
        told = [(event["type"], event["data"]["version"]) for event in receiver.taken]
        assert [number for kind, number in told if kind == "studies.version-registered"] == list(
            range(1, len(scores) + 1)
        )
        assert [number for kind, number in told if kind == "studies.new-best"] == best

    def test_a_trial_that_is_registered_again_is_told_once(self, registry, register, receiver):
        registry.add_hook(receiver.url, ["version-registered"])
        for _ in range(2):
            register(registry, 0.5, trial=3)
        registry.deliver(commands=False)
        (event,) = receiver.taken
        assert (event["data"]["study"], event["data"]["trial"]) == ("s", 3)

    def test_only_the_model_and_the_kinds_that_it_was_added_for(self, registry, register, receiver):
        registry.add_hook(receiver.url, ["version-registered"], model="other")
        registry.add_hook(receiver.url, ["alias-moved"], model="toy")
        for model in ("toy", "other"):
            register(registry, 0.5, model=model)
            registry.set_alias(model, "champion", 1)
        registry.deliver(commands=False)
        assert [event["subject"] for event in receiver.taken] == ["toy@champion", "other/1"]

    def test_what_is_undone_is_not_told(self, registry, register, receiver):
        registry.add_hook(receiver.url, EVERY)

        def fail(_connection):
            raise RuntimeError("undo it")

        with pytest.raises(RuntimeError):
            register(registry, 0.5, also=fail)
        assert registry.deliver(commands=False).waiting == 0


class TestDelivery:
    @pytest.fixture
    def moves(self, registry, register, receiver):
        """Give a function that moves aliases of models; three are moved."""
        for model in ("a", "b"):
            for score in (0.5, 0.6):
                register(registry, score, model=model)
        registry.add_hook(receiver.url, ["alias-moved"])
        registry.set_alias("a", "x", 1)
        registry.set_alias("a", "x", 2)
        registry.set_alias("b", "x", 1)

    def test_a_failure_holds_up_its_model_and_no_other(self, registry, receiver, moves):
        receiver.answer = lambda number: 500 if number == 0 else 204
        found = registry.deliver(commands=False)
        assert (found.delivered, found.failed, found.waiting) == (1, 1, 2)
        assert [event["subject"] for event in receiver.taken] == ["b@x"]
        assert registry.deliver(commands=False).failed == 0  # its time has not come
        assert len(receiver.all) == 2
        make_all_due(registry)
        assert registry.deliver(commands=False).delivered == 2
        assert [event["data"]["to_version"] for event in receiver.taken if event["data"]["model"] == "a"] == [1, 2]
        log = registry.hook_log()
        assert [(each.number, each.detail) for each in reversed(log) if each.model == "a"] == [
            (1, "HTTP 500"),
            (2, "HTTP 204"),
            (1, "HTTP 204"),
        ]

    def test_times_between_tries_double_up_to_an_hour(self):
        assert [deliver.backoff(tries) for tries in (1, 2, 3, 12, 13, 500)] == [1, 2, 4, 2048, 3600, 3600]

    def test_one_that_was_killed_meanwhile_is_told_again(self, registry, receiver, moves):
        with writing(registry._engine) as connection:
            assert deliver._claim(connection, deliver._taking(connection.dialect.name, [1], 120.0)) is not None
        assert registry.deliver(commands=False).delivered == 1  # b's: a's first is somebody's
        assert outcomes(registry)[0] == ("alias-moved", 1, "interrupted")
        make_all_due(registry)
        assert registry.deliver(commands=False).delivered == 2
        assert len(receiver.taken) == 3

    def test_no_redirect_is_followed(self, registry, receiver, moves):
        with receiving() as elsewhere:
            receiver.answer, receiver.location = (lambda number: (301, 302, 307, 308)[number % 4]), elsewhere.url
            for _ in range(4):
                registry.deliver(commands=False)
                make_all_due(registry)
            assert elsewhere.all == []
        assert registry.hook_log()[0].detail.endswith(", a redirect, which is not followed")

    @pytest.mark.parametrize("answer", [b"", b"\x00\xff no HTTP\r\n\r\n"])
    def test_what_is_no_answer_is_a_failure(self, registry, register, answer):
        import socket
        import threading

        server = socket.create_server(("127.0.0.1", 0))

        def serve():
            peer, _ = server.accept()
            peer.recv(65536)
            peer.sendall(answer)
            peer.close()

        thread = threading.Thread(target=serve)
        thread.start()
        register(registry, 0.5)
        registry.add_hook(f"http://127.0.0.1:{server.getsockname()[1]}", ["alias-moved"])
        registry.set_alias("toy", "x", 1)
        found = registry.deliver(commands=False)
        thread.join()
        server.close()
        assert (found.delivered, found.failed) == (0, 1)

    @pytest.mark.parametrize("first", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "])
    def test_an_answer_that_comes_byte_by_byte_is_cut_off(self, registry, register, monkeypatch, first):
        import socket
        import threading

        from registry.hooks import send

        monkeypatch.setattr(send, "HTTP_TOTAL_SECONDS", 0.5)
        server = socket.create_server(("127.0.0.1", 0))
        cut = threading.Event()

        def serve():
            peer, _ = server.accept()
            with peer:
                peer.sendall(first)
                for _ in range(200):
                    cut.wait(0.05)
                    try:
                        peer.sendall(first or b"H")
                    except OSError:
                        cut.set()
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        register(registry, 0.5)
        registry.add_hook(f"http://127.0.0.1:{server.getsockname()[1]}", ["alias-moved"])
        registry.set_alias("toy", "x", 1)
        assert registry.deliver(commands=False).failed == 1
        thread.join()
        server.close()
        assert cut.is_set()
        assert registry.hook_log()[0].detail == "no whole answer within 0.5 seconds"

    def test_nobody_there(self, registry, register):
        register(registry, 0.5)
        registry.add_hook("http://127.0.0.1:1/none", ["alias-moved"])
        registry.set_alias("toy", "x", 1)
        assert registry.deliver(commands=False).failed == 1
        assert registry.hook_log()[0].detail.startswith("no answer: ")

    def test_gc_forgets_what_was_taken_long_ago(self, database_url, registry, receiver, moves):
        receiver.answer = lambda number: 500 if number == 0 else 204
        registry.deliver(commands=False)
        later = registry._clock() + timedelta(days=365)
        for now, left in ((registry._clock(), 3), (later, 2)):
            with Registry(database_url, clock=lambda now=now: now) as at:
                at.gc()
                assert len(at.hook_log()) == left
        assert [each.outcome for each in registry.hook_log()] == ["waiting", "failed"]

    def test_a_hook_that_is_removed_takes_its_events_with_it(self, registry, receiver, moves):
        with pytest.raises(NotFoundError, match="there is no hook 7; `registry hook list` names them"):
            registry.remove_hook(7)
        registry.remove_hook(1)
        assert registry.deliver(commands=False).waiting == 0
        assert registry.hook_log() == registry.hooks() == receiver.all == []

    def test_each_process_sees_what_is_due_once(self, registry, receiver, moves, count_statements):
        registry.deliver(commands=False)
        with count_statements() as seen:
            registry.deliver(commands=False)
        assert len([one for one in seen if not one.startswith("BEGIN")]) == 1


class TestSecret:
    def test_it_signs_the_body_as_github_does(self, registry, register, receiver, monkeypatch):
        monkeypatch.setenv("HOOK_SECRET", "s3cret")
        register(registry, 0.5)
        registry.add_hook(receiver.url, ["alias-moved"], secret_env="HOOK_SECRET")
        registry.set_alias("toy", "x", 1)
        registry.deliver(commands=False)
        (request,) = receiver.all
        expected = "sha256=" + hmac.new(b"s3cret", request.body, hashlib.sha256).hexdigest()
        assert request.headers["X-Hub-Signature-256"] == expected
        with registry._engine.connect() as connection:
            for table in sa.inspect(registry._engine).get_table_names():
                assert "s3cret" not in str(connection.execute(sa.text(f'SELECT * FROM "{table}"')).all())

    def test_where_it_is_not_set_others_deliver(self, registry, register, receiver, monkeypatch):
        monkeypatch.delenv("HOOK_SECRET", raising=False)
        register(registry, 0.5)
        registry.add_hook(receiver.url, ["alias-moved"], secret_env="HOOK_SECRET")
        registry.set_alias("toy", "x", 1)
        found = registry.deliver(commands=False)
        assert found.waiting == 1
        assert found.left == {"1": "its secret is not in the environment: set HOOK_SECRET"}
        assert receiver.all == []
        assert Deliverer(registry._engine, commands=False, environ={"HOOK_SECRET": "x"}).deliver().delivered == 1


class TestCommand:
    def command(self, code, *words):
        return shlex.join([sys.executable, "-c", code, *words])

    def test_it_gets_the_event_on_stdin_and_no_shell(self, registry, register, tmp_path):
        out = tmp_path / "a file; $(touch x)"
        code = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
        register(registry, 0.5)
        registry.add_hook(self.command(code, str(out)), ["alias-moved"])
        registry.set_alias("toy", "x", 1)
        left = registry.deliver(commands=False).left
        assert left == {"1": "it is a command, which workers and `registry hook deliver` run"}
        assert registry.deliver(commands=True).delivered == 1
        assert json.loads(out.read_text())["subject"] == "toy@x"
        assert list(tmp_path.glob("x")) == []

    @pytest.mark.parametrize(
        ("words", "detail"),
        [
            (["import sys; sys.exit('no\\n room')"], "exit 1: no room"),
            (["import sys; sys.exit(7)"], "exit 7"),
            (None, "FileNotFoundError: "),
        ],
    )
    def test_its_failure_is_logged(self, registry, register, words, detail):
        register(registry, 0.5)
        registry.add_hook("/none/at/all" if words is None else self.command(*words), ["alias-moved"])
        registry.set_alias("toy", "x", 1)
        assert registry.deliver(commands=True).failed == 1
        assert registry.hook_log()[0].detail.startswith(detail)

    def test_where_there_is_no_room_for_what_it_says_it_has_failed(self, registry, register, monkeypatch):
        def full(*_arguments):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("tempfile.TemporaryFile", full)
        register(registry, 0.5)
        registry.add_hook(self.command("pass"), ["alias-moved"])
        registry.set_alias("toy", "x", 1)
        assert registry.deliver(commands=True).failed == 1
        assert registry.hook_log()[0].detail == "OSError: [Errno 28] No space left on device"

    @pytest.mark.parametrize("end", ["sys.exit('the end')", "subprocess.Popen(['sleep', '3']); sys.exit('the end')"])
    def test_what_it_says_takes_no_room_and_the_last_of_it_is_logged(self, registry, register, monkeypatch, end):
        files = []
        make = tempfile.TemporaryFile
        monkeypatch.setattr("tempfile.TemporaryFile", lambda: files.append(make()) or files[-1])
        register(registry, 0.5)
        code = f"import subprocess, sys; [sys.stderr.write('flood ' * 10_000) for _ in range(100)]; {end}"
        registry.add_hook(self.command(code), ["alias-moved"])
        registry.set_alias("toy", "x", 1)
        assert registry.deliver(commands=True).failed == 1
        detail = registry.hook_log()[0].detail
        assert detail.startswith("exit 1: ")
        assert detail.endswith("flood the end")
        assert len(detail) <= 300
        assert len(files) == 1  # for the event

    def test_one_that_does_not_end_is_ended_with_what_it_started(self, registry, register, monkeypatch, tmp_path):
        from registry.hooks import send

        monkeypatch.setattr(send, "COMMAND_SECONDS", 0.5)
        register(registry, 0.5)
        registry.add_hook("sh -c 'sleep 100 & sleep 100'", ["alias-moved"])
        registry.set_alias("toy", "x", 1)
        assert registry.deliver(commands=True).failed == 1
        assert registry.hook_log()[0].detail == "it took more than 0.5 seconds and was ended"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("ftp://example.com/x", "expected a URL with http:// or https://, or a command"),
        ("file:///etc/passwd", "expected a URL with http:// or https://, or a command"),
        ("https://ann:secret@example.com/x", "holds a user or a password; .* sign what is sent with --secret-env"),
        ("http://", "expected one such as https://example.com/hook"),
        ("http://example.com:port/", "the hook's URL cannot be: "),
        ("http://exa mple.com/", "expected one such as https://example.com/hook"),
        ("http://example.com/\r\nX: y", "expected one such as https://example.com/hook"),
        ("", "the hook is empty"),
        ("echo 'a", "is no command: No closing quotation"),
        ("a\0b", "no database holds"),
    ],
)
def test_what_cannot_be_a_hook(sqlite_registry, target, said):
    with pytest.raises(UsageError, match=said) as caught:
        sqlite_registry.add_hook(target, ["new-best"])
    assert "secret@" not in str(caught.value)
    assert sqlite_registry.hooks() == []


def test_what_cannot_be_heard_or_signed(sqlite_registry):
    add = sqlite_registry.add_hook
    with pytest.raises(UsageError, match="no event is called 'new-bset'; did you mean 'new-best'"):
        add("true", ["new-bset"])
    with pytest.raises(UsageError, match="hears of nothing"):
        add("true", [])
    with pytest.raises(UsageError, match="names an environment variable"):
        add("http://127.0.0.1", ["new-best"], secret_env="sha256=ab/c")
    with pytest.raises(UsageError, match="a command has the environment itself"):
        add("true", ["new-best"], secret_env="SECRET")
    with pytest.raises(UsageError, match="cannot be the name of a model"):
        add("true", ["new-best"], model="a/b")


class TestCommandLine:
    @pytest.fixture
    def call(self, tmp_path, capsys, register):
        url = f"sqlite:///{tmp_path}/studies.db"
        with Registry(url, create=True) as registry:
            register(registry, 0.5)

        def called(*words):
            code = run(app, "registry", [*words, "--storage", url])
            return code, *capsys.readouterr()

        return called

    def test_a_command_that_moves_an_alias_tells_of_it(self, call, receiver):
        code, out, _ = call("hook", "add", receiver.url, "--on", "alias-moved, new-best", "--model", "toy")
        assert (code, out.splitlines()[-1]) == (0, f"hook 1: {receiver.url} hears of new-best, alias-moved")
        assert call("alias", "set", "toy@champion", "1")[0] == 0
        assert [event["subject"] for event in receiver.taken] == ["toy@champion"]
        code, out, _ = call("hook", "log", "--json")
        (attempt,) = json.loads(out)
        assert (attempt["kind"], attempt["outcome"], attempt["detail"]) == ("alias-moved", "delivered", "HTTP 204")
        assert "HTTP 204" in call("hook", "log", "--hook", "1")[1]

    def test_a_hook_that_fails_fails_no_other_command(self, call, receiver):
        receiver.answer = lambda number: 503
        call("hook", "add", receiver.url, "--on", "alias-moved")
        code, out, err = call("promote", "toy/1", "--to", "champion")
        assert (code, err) == (0, "")
        assert "toy@champion moved" in out
        (hook,) = json.loads(call("hook", "list", "--json")[1])
        assert (hook["id"], hook["waiting"]) == (1, 1)
        assert call("hook", "rm", "1")[0] == 0
        assert json.loads(call("hook", "deliver", "--json")[1]) == {
            "delivered": 0,
            "failed": 0,
            "waiting": 0,
            "left": {},
        }

    def test_deliver_runs_commands_and_exits_with_1_where_one_fails(self, call):
        call("hook", "add", "false", "--on", "alias-moved")
        call("alias", "set", "toy@x", "1")
        code, out, _ = call("hook", "deliver")
        assert (code, out.splitlines()[-1]) == (1, "0 delivered, 1 attempts failed, 1 wait")


def test_watching_goes_on_where_the_database_is_away_for_a_while(monkeypatch, capsys):
    monkeypatch.setattr(hook_commands, "WATCH_SECONDS", 0.0)
    away, left = DatabaseUnavailable("nobody answers"), {"1": "it is a command"}
    rounds = iter([away, away, Delivered(2, 0, 1, left), Delivered(0, 0, 1, left), away, KeyboardInterrupt()])

    def deliver():
        result = next(rounds)
        if isinstance(result, BaseException):
            raise result
        return result

    with pytest.raises(KeyboardInterrupt):
        hook_commands._go_on(deliver)
    out, err = capsys.readouterr()
    assert out.splitlines() == ["2 delivered, 0 attempts failed, 1 wait", "hook 1 is left: it is a command"]
    assert err.splitlines() == ["nobody answers; the events wait until it answers"] * 2
