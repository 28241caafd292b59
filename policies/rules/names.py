"""Names: each thing says whose it is, in all places the same, and mentions no neighbour."""

import re
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Final

from policies.model.resource import CLAIMING, PLACES, Resource, kind_of
from policies.model.rule import Violation, resource_rule, stack_rule
from policies.model.settings import Settings
from policies.model.stack import ROW, Stack, owner
from policies.model.unknown import UnknownValueError
from policies.model.values import at, mapping, shown, text
from tenantry.model.resources.catalogue import KINDS
from tenantry.names import CODE, PHONE, PREFIX_ROOT, database_of
from tenantry.spec.labels import PREFIX as FREE_LABELS

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MARKED: Final = {kind_of(name): kind.mark for name, kind in KINDS.items() if kind.mark}
# What a shared or a tenant's resource is made of that no rule can look into.
OPAQUE: Final = (
    *(f"kubernetes:{kind}" for kind in ("Release", "Chart", "ConfigFile", "ConfigGroup", "Directory", "Kustomization")),
    "command:Command",
    "pulumi-python:Resource",
)
# Who is written to, in a tenant's row and first data: one office may look after two kindergartens.
PEOPLE: Final = ("contactName", "contactEmail")
LABELS: Final = ("app.kubernetes.io/", "tenantry.io/", "pod-security.kubernetes.io/", FREE_LABELS)
FREE_PLACES: Final = (f"metadata.labels.{FREE_LABELS}", f"tags.{FREE_LABELS}")
TEXTS: Final = ("data.", "settings.")  # what an application is told: nothing selects by it
# The names of tenants as they occur inside texts: namespace, database, label, host, objects.
_MENTION: Final = re.compile(
    rf"(?<![A-Za-z0-9])(?:tenant-({CODE.pattern})|rent([0-9]{{3,6}})|({CODE.pattern})(?=\.[a-z0-9-]+\.[a-z]))(?![0-9A-Za-z])"
)
_PREFIX: Final = re.compile(rf"{re.escape(PREFIX_ROOT)}({PHONE.pattern})(?![0-9])")


@resource_rule(
    "names-agree",
    why="A resource that names two tenants is one that reaches from one to the other.",
    remedy="derive every name from tenantry.names.",
)
def agree(resource: Resource, settings: Settings) -> Iterator[str]:
    """All that a resource says about whose it is names one tenant."""
    if len(set(resource.claims.values())) > 1:
        yield " but ".join(f"its {key} says {code}" for key, code in resource.claims.items())


@resource_rule(
    "names-component",
    why="Policies trust the names; a resource under another tenant's name would be judged as that tenant's.",
    remedy="declare it inside the Tenant component of the tenant whose names it has.",
)
def component(resource: Resource, settings: Settings) -> Iterator[str]:
    """The tenant that a resource's properties name is the one whose component declares it."""
    claimed = next(iter(resource.claims.values()), None)
    declared = resource.declared_by
    if resource.under_a_tenant and declared is None:
        yield "its name in the program does not begin with its tenant's code"
    elif claimed is not None and declared is None:
        yield f"it is {claimed}'s by its properties, and no Tenant component declares it"
    elif claimed is not None and claimed != declared:
        yield f"it is {claimed}'s by its properties, and declared by {declared}"
    elif (
        declared is not None
        and (resource.kind in CLAIMING or resource.in_kubernetes)
        and not resource.claims.keys() & PLACES
    ):
        yield f"it is declared by {declared}, and neither its name nor its place is the tenant's"


@resource_rule(
    "names-label",
    why="Quotas, policies and adoption after a crash find objects by these labels.",
    remedy="label it app.kubernetes.io/managed-by=tenantry and tenantry.io/tenant=CODE, in the namespace tenant-CODE.",
)
def label(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's Kubernetes object is in the tenant's namespace and carries its labels."""
    if not resource.in_kubernetes or resource.code is None:
        return
    for claim in ("label", "namespace"):
        if claim not in resource.claims:
            yield f"its {claim} names no tenant"
    if text(mapping(at(resource.props, "metadata", "labels")).get(MANAGED_BY)) != "tenantry":
        yield "it does not say that tenantry manages it"


@resource_rule(
    "names-own-labels",
    why="Whoever writes a tenant's file writes its labels: what selects, allows or restarts must not go by them.",
    remedy="select by our own labels; keep a tenant's below label.tenantry.io/, on its objects alone.",
)
def own_labels(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's own labels stand below their own prefix, on its objects alone, and nothing goes by them."""
    if resource.in_kubernetes and resource.code is not None:
        for key in mapping(at(resource.props, "metadata", "labels")):
            if not key.startswith(LABELS):
                yield f"its label {key} is neither ours nor below {FREE_LABELS}"
    # What the platform learns in the update comes from no tenant's file: nobody need hear that it was not seen.
    with suppress(UnknownValueError) if resource.code is None else nullcontext():
        for path, value in resource.leaves():
            if FREE_LABELS in path and not path.startswith(FREE_PLACES):
                yield f"{path} goes by a tenant's own label"
            elif isinstance(value, str) and FREE_LABELS in value and not path.startswith(TEXTS):
                yield f"{path} mentions a tenant's own label"


@resource_rule(
    "names-mark",
    kinds=list(MARKED),
    why="After a killed run, what carries no mark is not recognised, and is made twice or left behind.",
    remedy="set description (RAM) or remark (DNS) to tenantry-CODE.",
)
def mark(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's resources at Alibaba Cloud carry the ownership mark."""
    key = MARKED[resource.kind]
    if resource.code and text(resource.props.get(key)) != f"tenantry-{resource.code}":
        yield f"its {key} is {shown(resource.props.get(key))}"


@resource_rule(
    "names-row",
    kinds=[ROW],
    why="The gateway and the admin service choose database and domain by this row.",
    remedy="derive domain and databaseName from the code.",
)
def row(resource: Resource, settings: Settings) -> Iterator[str]:
    """A tenant's row names its own database and domain."""
    code = text(resource.props.get("tenantId"))
    if CODE.fullmatch(code) is None:
        yield f"its tenantId is {shown(code)}"
        return
    if text(resource.props.get("databaseName")) != database_of(code):
        yield f"its databaseName is {shown(resource.props.get('databaseName'))}"
    if not text(resource.props.get("domain")).startswith(f"{code}."):
        yield f"its domain is {shown(resource.props.get('domain'))}"


@resource_rule(
    "names-mention",
    why="Every way from one tenant to another begins with its name.",
    remedy="remove the other tenant's name; what both need belongs to the platform.",
)
def mention(resource: Resource, settings: Settings) -> Iterator[str]:
    """Nothing of one tenant mentions another's namespace, database, host or prefix."""
    if resource.code is None:
        return
    phones: set[str] = set()
    is_ours = resource.type.startswith("tenantry:")
    for path, value in resource.leaves():
        if not isinstance(value, str) or (is_ours and path.rpartition(".")[2] in PEOPLE):
            continue
        for match in _MENTION.finditer(value):
            code = match[1] or (f"k{match[2]}" if match[2] else match[3])
            if code != resource.code:
                yield f"{path} mentions {match[0]}"
        phones.update(match[1] for match in _PREFIX.finditer(value))
    if len(phones) > 1:
        yield "it mentions the prefixes of several tenants"


@resource_rule(
    "names-opaque",
    kinds=OPAQUE,
    why="What it makes, no rule has seen.",
    remedy="declare the objects one by one.",
)
def opaque(resource: Resource, settings: Settings) -> Iterator[str]:
    """Nothing is declared that makes further things unseen."""
    yield "it makes things that no rule sees"


@stack_rule(
    "names-depends",
    why="A value that flows from one tenant into another is a way between them, and one's failure is the other's.",
    remedy="take it from the platform or from the tenant's own parts.",
)
def depends(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """Nothing of one tenant depends on anything of another."""
    owners = {resource.urn: owner(resource) for resource in stack.resources}
    for resource in stack.resources:
        code = owners[resource.urn]
        for urn in resource.dependencies:
            other = owners.get(urn)
            if code is not None and other is not None and other != code:
                yield Violation(code, f"it depends on {urn.rpartition('::')[2]} of {other}", resource)


@stack_rule(
    "names-row-present",
    why="Its row says which plan it has; without one nothing can be held against the plan.",
    remedy="declare its TenantRow.",
)
def row_present(stack: Stack, settings: Settings) -> Iterator[Violation]:
    """Every tenant has exactly one row."""
    for code in stack.tenants:
        count = len(stack.parts(code, ROW))
        if count != 1:
            yield Violation(code, f"it has {count} rows")
