"""Rights of the program's identity at Alibaba Cloud: RAM policies are made of it, `doctor` asks for it.

They stand with their systems, in `systems/`. An action is one that the providers or our own steps call; a resource is
as narrow as RAM lets it be for that service.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from tenantry.model.resources.catalogue import RIGHTS
from tenantry.model.resources.facts import Probe, Right

LONGEST: Final = 6144  # characters of a RAM policy
# What every run needs; besides, where a foundation is made; what a preview and a look for drift read, which is no
# content of a tenant's bucket.
PLATFORM: Final = tuple(right for rights in RIGHTS for right in rights.run)
FOUNDATION: Final = tuple(right for rights in RIGHTS for right in rights.foundation)
PREVIEW: Final = tuple(right for rights in RIGHTS for right in rights.preview)
# The state of the stacks, in a bucket of its own, which may be another account's.
_STATE: Final = ("acs:oss:*:*:{state}", "acs:oss:*:*:{state}/*")
STATE_READ: Final = (Right("oss", ("GetBucketInfo", "ListObjects", "GetObject"), _STATE),)
STATE: Final = (
    Right("oss", (*STATE_READ[0].actions, "PutObject", "DeleteObject", "AbortMultipartUpload", "ListParts"), _STATE),
)


def document(rights: Sequence[Right], **names: str) -> dict[str, Any]:
    """A RAM policy of these rights. Raises ValueError where it would be longer than RAM takes."""
    statements = [
        {
            "Effect": "Allow",
            "Action": [f"{right.service}:{action}" for action in right.actions],
            "Resource": [resource.format(**names) for resource in right.resources],
        }
        for right in rights
    ]
    made = {"Version": "1", "Statement": statements}
    if (length := len(json.dumps(made, separators=(",", ":")))) > LONGEST:
        raise ValueError(f"the policy has {length} characters, and RAM takes {LONGEST}")
    return made


def probes(rights: Sequence[Right], **names: str) -> Iterator[tuple[Right, Probe]]:
    """Each right that can be asked for without changing anything, with the call, names put in."""
    for right in rights:
        if (probe := right.probe) is not None:
            parameters = tuple((key, value.format(**names)) for key, value in probe.parameters)
            yield right, Probe(probe.host.format(**names), probe.version, probe.action, parameters)
