"""The images that a tenant's pods may run."""

import re

import pytest

from components.manifests.image_rules import ImageRules, repository

OURS = "registry.example.com:5000/app/business-app:1.2.3"
DIGEST = "@sha256:" + "0123456789abcdef" * 4


def allowed(image: str, *registries: str, digest: bool = False) -> bool:
    return re.fullmatch(ImageRules(OURS, registries, digest).pattern, image) is not None


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("a", "a"),
        ("a:1", "a"),
        ("h:5000/a", "h:5000/a"),
        ("h:5000/a:1", "h:5000/a"),
        (f"h:5000/a:1{DIGEST}", "h:5000/a"),
        (f"h:5000/a{DIGEST}", "h:5000/a"),
    ],
)
def test_the_repository_is_the_image_without_its_version(image: str, name: str) -> None:
    assert repository(image) == name


@pytest.mark.parametrize("image", [OURS, "registry.example.com:5000/app/business-app:2", f"{OURS}{DIGEST}"])
def test_any_version_of_the_application_is_allowed(image: str) -> None:
    assert allowed(image)


@pytest.mark.parametrize(
    "image",
    [
        "registry.example.com:5000/app/business-app",
        "registry.example.com:5000/app/business-apps:1",
        "registry.example.com:5000/app/business-app/more:1",
        "registry.example.com:5000/app/business-app:1/more:1",
        "registryXexample.com:5000/app/business-app:1",
        "evil.example.com/registry.example.com:5000/app/business-app:1",
        "registry.example.com:5000/app/business-app:1\n",
        "registry.example.com:5000/app/business-app@sha256:abc",
    ],
)
def test_what_only_looks_like_it_is_not(image: str) -> None:
    assert not allowed(image)


def test_a_registry_allows_what_is_below_it() -> None:
    assert allowed("other.example.com/tools/shell:1", "other.example.com/tools")
    assert allowed("other.example.com/tools/deep/shell:1", "other.example.com/tools/")
    assert not allowed("other.example.com/toolset/shell:1", "other.example.com/tools")
    assert not allowed("other.example.com/tools/../evil:1", "other.example.com/tools")
    assert not allowed("other.example.com/tools:1", "other.example.com/tools")


def test_by_digest_a_version_alone_is_not_enough() -> None:
    assert allowed(f"{OURS}{DIGEST}", digest=True)
    assert allowed(f"registry.example.com:5000/app/business-app{DIGEST}", digest=True)
    assert not allowed(OURS, digest=True)
