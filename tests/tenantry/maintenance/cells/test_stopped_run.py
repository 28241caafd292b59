"""What a stopped run has done: there while it has not come to its end, and readable whole or not at all."""

from pathlib import Path

from tenantry.maintenance.cells.stopped_run import StoppedRun


def test_what_is_written_is_read_until_it_is_removed(tmp_path: Path) -> None:
    stopped = StoppedRun(tmp_path / "all-stacks" / "key.json")
    assert stopped.read() is None
    stopped.write(())
    assert stopped.read() == frozenset(), "a run that was killed in its first wave has stopped too"
    stopped.write(["prod-c01", "prod"])
    assert stopped.read() == {"prod", "prod-c01"}
    assert [path.name for path in stopped.file.parent.iterdir()] == ["key.json"]
    stopped.remove()
    stopped.remove()
    assert stopped.read() is None


def test_a_torn_record_is_none(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text('["prod", "pro')
    assert StoppedRun(file).read() is None
