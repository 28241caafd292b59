"""Directory markers: made where nothing is, removed without trace, and never a byte of content with them."""

import pytest

PREFIX = "kindergarten/rent/13800138001/"
OBJECTS = {
    "system-bucket": [f"{PREFIX}uploads/images/", f"{PREFIX}temp/"],
    "photo-bucket": [f"{PREFIX}photos/", f"{PREFIX}students/"],
}
REGIONS = {"system-bucket": "cn-guangzhou", "photo-bucket": "cn-shanghai"}
DECLARED = {"objects": OBJECTS, "regions": REGIONS}


@pytest.fixture
def files(plugin_process, cloud):
    plugin_process.configure(alibaba=cloud.settings)
    return plugin_process


@pytest.fixture
def made(files):
    return files.create("Directories", DECLARED)


def test_markers_are_empty_objects_and_making_them_again_changes_nothing(files, cloud, made) -> None:
    for bucket, keys in OBJECTS.items():
        assert cloud.keys(bucket) == sorted(keys)
        for key in keys:
            assert cloud.bucket(bucket).head_object(key).content_length == 0
    assert files.create("Directories", DECLARED).outputs == made.outputs
    assert len(cloud.bucket("system-bucket").list_object_versions().versions) == 2
    assert files.read("Directories", made).outputs == made.outputs
    assert files.diff("Directories", made, DECLARED) == ([], [])


def test_content_under_a_markers_key_is_neither_overwritten_nor_removed(files, cloud) -> None:
    key = OBJECTS["system-bucket"][0]
    cloud.bucket("system-bucket").put_object(key, b"somebody's")
    made = files.create("Directories", DECLARED)
    files.delete("Directories", made)
    assert cloud.bucket("system-bucket").get_object(key).read() == b"somebody's"
    assert cloud.keys("photo-bucket") == []


def test_removal_leaves_no_version_of_the_markers_and_all_of_the_rest(files, cloud, made) -> None:
    bucket = cloud.bucket("system-bucket")
    inside = f"{PREFIX}uploads/images/one.png"
    neighbour = f"{PREFIX[:-1]}0/temp/"
    for key in (inside, neighbour):
        bucket.put_object(key, b"")
    bucket.delete_object(OBJECTS["system-bucket"][1])  # leaves a delete marker over the old version
    files.delete("Directories", made)
    files.delete("Directories", made)
    listed = bucket.list_object_versions()
    assert sorted(version.key for version in listed.versions) == sorted([inside, neighbour])
    assert listed.delete_marker == []


def test_a_lost_marker_is_told_and_made_again(files, cloud, made) -> None:
    cloud.bucket("photo-bucket").delete_object(f"{PREFIX}photos/")
    state = files.read("Directories", made)
    assert state.outputs["objects"]["photo-bucket"] == [f"{PREFIX}students/"]
    assert files.diff("Directories", state, DECLARED) == (["objects"], [])
    files.update("Directories", state, DECLARED)
    assert files.read("Directories", made).outputs == made.outputs


def test_another_set_of_directories_moves_the_markers(files, cloud, made) -> None:
    changed = {**DECLARED, "objects": {**OBJECTS, "photo-bucket": [f"{PREFIX}albums/", f"{PREFIX}students/"]}}
    files.update("Directories", made, changed)
    assert cloud.keys("photo-bucket") == [f"{PREFIX}albums/", f"{PREFIX}students/"]


def test_all_markers_lost_is_a_resource_gone(files, cloud, made) -> None:
    for bucket, keys in OBJECTS.items():
        cloud.bucket(bucket).batch_delete_objects(keys)
    assert files.read("Directories", made) is None


@pytest.mark.parametrize("kind", ["throttle", "drop", "lose"])
def test_passing_trouble_is_not_shown(files, cloud, kind: str) -> None:
    cloud.fault(pattern="oss:PutObject", kind=kind, times=2)
    made = files.create("Directories", DECLARED)
    assert cloud.faults() == []  # they did strike
    assert files.read("Directories", made).outputs == made.outputs


def test_a_wrong_key_is_told_without_the_secret(files, cloud, refused) -> None:
    files.configure(alibaba={**cloud.settings, "secretKey": "wrong-but-still-secret"})
    with refused("SignatureDoesNotMatch", "set the provider's secretKey", without="wrong-but-still-secret"):
        files.create("Directories", DECLARED)


def test_a_missing_bucket_is_told_in_an_update_and_gone_in_a_refresh(files, cloud, made, refused) -> None:
    elsewhere = {"objects": {"no-such-bucket": [f"{PREFIX}temp/"]}, "regions": {"no-such-bucket": "cn-shanghai"}}
    with refused("making directories in no-such-bucket: NoSuchBucket", "create the bucket first"):
        files.create("Directories", elsewhere)
    made.outputs = elsewhere
    made.inputs = elsewhere
    assert files.read("Directories", made) is None
    files.delete("Directories", made)


@pytest.mark.parametrize("key", [f"{PREFIX}temp", "/temp/", ""])
def test_a_key_that_is_no_directory_is_refused(files, cloud, refused, key: str) -> None:
    with refused("is no directory"):
        files.create("Directories", {"objects": {"photo-bucket": [key]}, "regions": REGIONS})


def test_a_bucket_without_region_is_refused(files, cloud, refused) -> None:
    with refused("no region is given for the bucket photo-bucket"):
        files.create("Directories", {"objects": OBJECTS, "regions": {"system-bucket": "cn-guangzhou"}})


def test_a_refusal_that_we_do_not_know_still_has_a_remedy(files, cloud, refused) -> None:
    cloud.fault(pattern="oss:GetObject*", kind="error", status=403, code="Unheard")
    with refused("making directories in system-bucket: Unheard", "check the provider's accessKey and secretKey"):
        files.create("Directories", DECLARED)
