"""The images that a tenant's pods may run, as one regular expression that API server and tests read alike."""

import re
from dataclasses import dataclass
from typing import Final

_PATH: Final = "[a-z0-9]+([._/-]+[a-z0-9]+)*"
_TAG: Final = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST: Final = "@sha256:[0-9a-f]{64}"


@dataclass(frozen=True, slots=True)
class ImageRules:
    """The application's own repository and the services' are always allowed, and all below the listed registries."""

    application: str  # the image as it is deployed: REPOSITORY[:TAG][@DIGEST]
    registries: tuple[str, ...]  # HOST or HOST/PATH
    digest: bool  # a tag alone is refused: it may mean another image tomorrow
    services: tuple[str, ...] = ()  # those of the plug-in services' catalogue, as they are deployed

    @property
    def pattern(self) -> str:
        """Anchored, in the syntax that Python and RE2 share.

        A repository is followed by a tag or nothing, never by a slash: `business-app:5000/x` names a registry at that
        port, not a version of business-app.
        """
        places = [
            *(re.escape(repository(image)) for image in (self.application, *self.services)),
            *(f"{re.escape(registry.rstrip('/'))}/{_PATH}" for registry in self.registries),
        ]
        fixed = f"(:{_TAG})?{_DIGEST}" if self.digest else f":{_TAG}({_DIGEST})?|{_DIGEST}"
        return f"^({'|'.join(places)})({fixed})$"

    @property
    def moving(self) -> str:
        """The endings of tags that may mean another image tomorrow."""
        return ":latest"


def repository(image: str) -> str:
    """The image without tag and digest."""
    path = image.partition("@")[0]
    name, colon, tag = path.rpartition(":")
    return name if colon and "/" not in tag else path
