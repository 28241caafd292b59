"""What is put beside the engine."""

from pathlib import Path

from local import toolbox


def test_a_file_stands_where_the_engine_would_keep_its_debug_log(tmp_path: Path) -> None:
    place = tmp_path / "pulumi" / "logs"
    toolbox.without_log(place)
    assert "debug log" in place.read_text("utf-8")
    toolbox.without_log(place)
    assert place.is_file()


def test_logs_of_before_are_removed(tmp_path: Path) -> None:
    place = tmp_path / "logs"
    place.mkdir()
    (place / "pulumi-1.log").write_text("old")
    toolbox.without_log(place)
    assert place.is_file()
