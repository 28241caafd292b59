"""A log tells everything but secrets, to its owner alone, and old ones go."""

import stat
from pathlib import Path

from tenantry.engine.process.events import Message, Step
from tenantry.engine.run.run_log import KEPT, RunLog


def hide(text: str) -> str:
    return text.replace("hunter2", "[secret]")


def test_it_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    with RunLog(tmp_path / "log", "up", hide) as log:
        log.write("begun")
    assert log.path is not None
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_secrets_are_not_in_it(tmp_path: Path) -> None:
    with RunLog(tmp_path, "up", hide) as log:
        log.event(Message("error", "", "PASSWORD hunter2"))
    assert log.path is not None
    assert "hunter2" not in log.path.read_text()


def test_what_stayed_the_same_is_left_out(tmp_path: Path) -> None:
    with RunLog(tmp_path, "up", hide) as log:
        log.event(Step("done", "same", "urn:pulumi:t::p::a:b:C::same-one", "", True))
        log.event(Step("begun", "update", "urn:pulumi:t::p::a:b:C::changed-one", "", True, ("size",)))
    assert log.path is not None
    text = log.path.read_text()
    assert "same-one" not in text
    assert "changed-one" in text
    assert "size" in text


def test_only_the_newest_of_a_kind_are_kept(tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        (tmp_path / f"up-20200101-{number:06}.log").touch()
    (tmp_path / "preview-20200101-000000.log").touch()
    with RunLog(tmp_path, "up", hide):
        pass
    assert len(list(tmp_path.glob("up-*.log"))) == KEPT
    assert len(list(tmp_path.glob("preview-*.log"))) == 1
    assert not (tmp_path / "up-20200101-000000.log").exists()


def test_without_a_folder_nothing_is_written(tmp_path: Path) -> None:
    with RunLog(None, "up", hide) as log:
        log.write("x")
    assert log.path is None
