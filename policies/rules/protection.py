"""Data protection: what holds data is not removed by accident, and no secret stands where it can be read."""

from collections.abc import Iterator
from typing import Final

from policies.facts.lifted_protection import lifted
from policies.facts.secret_scan import in_clear, in_config
from policies.model.resource import Resource, kind_of
from policies.model.rule import Violation, resource_rule, stack_rule
from policies.model.settings import Settings
from policies.model.stack import Stack
from policies.model.values import SecretValue, boolean, mapping, shown, text
from policies.rules.database import TURN
from tenantry.model.resources.catalogue import KINDS
from tenantry.model.resources.kinds import data_kinds

DATABASE: Final = "postgresql:Database"
BUCKET: Final = "oss:Bucket"
HOLDS_DATA: Final = tuple(map(kind_of, data_kinds()))
# Of the foundation: what holds data, and what all of it stands on. Each replaces itself for some change of a property.
STANDS_ON: Final = tuple(kind_of(name) for name, kind in KINDS.items() if kind.is_base)
# Properties that are called like a key and hold the id of one in KMS.
KEY_IDS: Final = {
    "oss:Bucket": frozenset({"serverSideEncryptionRule.kmsMasterKeyId"}),
    "rds:Instance": frozenset({"encryptionKey"}),
}
IMMUTABLE_AFTER_CREATE: Final = ("template", "encoding", "lcCollate", "lcCtype", "tablespaceName")


@resource_rule(
    "protection-protect",
    kinds=[*HOLDS_DATA, *STANDS_ON, "postgresql:Role"],
    why="A renamed file or a wrong merge would drop it with the next run.",
    remedy="protect it; `tenantry purge` and tenantry:allowDestroy lift protection where it is meant to end.",
)
def protect(resource: Resource, settings: Settings) -> Iterator[str]:
    """Databases with their owners, directories, buckets, and what a foundation stands on are protected."""
    # A login role that must not log in just now, of a suspended tenant or before its turn, keeps its password.
    # Its name tells it from an owner, not the lack of a password, which may be missing because making it failed.
    is_login = TURN.search(text(resource.props.get("name"))) is not None
    owner = resource.kind != "postgresql:Role" or (boolean(resource.props.get("login")) is False and not is_login)
    if owner and not resource.protect and not lifted(resource.stack, resource.code):
        yield "it is not protected"


@resource_rule(
    "protection-birth",
    kinds=[DATABASE],
    why="The plugin answers a difference in what a database was made from by dropping it and making it anew.",
    remedy=f"set ignore_changes to {', '.join(IMMUTABLE_AFTER_CREATE)}.",
)
def birth(resource: Resource, settings: Settings) -> Iterator[str]:
    """A later change of a database's template or encoding never replaces it."""
    missing = [key for key in IMMUTABLE_AFTER_CREATE if key not in resource.ignore_changes]
    if missing and "*" not in resource.ignore_changes:
        yield f"it follows changes of {', '.join(missing)}"
    if resource.delete_before_replace:
        yield "it is deleted before its replacement is made"


@resource_rule(
    "protection-force",
    kinds=[BUCKET],
    why="A bucket that is removed with its content takes the files of all tenants.",
    remedy="leave force_destroy out.",
)
def force(resource: Resource, settings: Settings) -> Iterator[str]:
    """No bucket is removed with what is in it."""
    if boolean(resource.props.get("forceDestroy")):
        yield "it is removed with its content"


@resource_rule(
    "protection-versions",
    kinds=[BUCKET],
    why="Without versions, what is overwritten or removed is gone; 30 days of grace need them.",
    remedy="set versioning to Enabled.",
)
def versions(resource: Resource, settings: Settings) -> Iterator[str]:
    """Buckets keep versions."""
    status = mapping(resource.props.get("versioning")).get("status")
    if text(status) != "Enabled":
        yield f"its versioning is {shown(status)}"


@resource_rule(
    "protection-secret",
    why="What is no secret output stands in the state, in previews and in logs for everybody to read.",
    remedy="pass it as a secret output (RandomPassword.result, Output.secret, config.require_secret).",
)
def secret(resource: Resource, settings: Settings) -> Iterator[str]:
    """No credential stands in clear in any property of any resource."""
    if resource.kind == "kubernetes:Secret":
        for key in ("data", "stringData"):
            value = resource.props.get(key)
            if isinstance(value, SecretValue):
                continue
            for name, inner in mapping(value).items():
                if not isinstance(inner, SecretValue) and inner:
                    yield f"{key}.{name} stands in clear"
        return
    names = KEY_IDS.get(resource.kind, frozenset[str]())
    problem = list(in_clear((path, value) for path, value in resource.leaves() if path not in names))
    yield from problem
    if resource.kind == "tenantry:TenantRow" and not any(fault.startswith("settings.config.") for fault in problem):
        yield from in_config("settings", resource.props.get("settings"))


@resource_rule(
    "protection-place",
    why="Kubernetes shows every other kind to whoever may look at it: a ConfigMap, a pod's env, an annotation.",
    remedy="put it into a Secret, and refer to that (secretKeyRef, envFrom, a volume).",
)
def place(resource: Resource, settings: Settings) -> Iterator[str]:
    """In Kubernetes, secret values stand in Secrets alone."""
    if resource.in_kubernetes and resource.kind != "kubernetes:Secret":
        for path, value in resource.leaves():
            if isinstance(value, SecretValue):
                yield f"{path} is a secret value"


@resource_rule(
    "protection-state",
    kinds=["kubernetes:Secret"],
    why="The API server sends a Secret's content back, and the state keeps it in clear unless it is declared secret.",
    remedy='set additional_secret_outputs to ["data", "stringData"].',
)
def state(resource: Resource, settings: Settings) -> Iterator[str]:
    """The outputs of a Kubernetes Secret are secret, too."""
    missing = [key for key in ("data", "stringData") if key not in resource.secret_outputs]
    if missing:
        yield f"{', '.join(missing)} may come back in clear"


@stack_rule(
    "protection-output",
    why="Outputs are printed at the end of every run.",
    remedy="wrap it in Output.secret, or leave it out.",
)
def output(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """No output of the stack or of a component holds a credential in clear."""
    for resource in stack.resources:
        if resource.kind == "pulumi:Stack" or resource.type.startswith("tenantry:components:"):
            for problem in in_clear(resource.leaves()):
                yield Violation(resource.code or "platform", problem, resource)
