"""Fields of `tenantry:foundation` that move or replace data or everybody's workload, and of all others why they do not.

They stand in stacks/guards/weighty_settings.py among the settings, called after their place: `foundation.network.cidr`.
"""

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from components.foundation.settings import FoundationSettings
from tenantry.spec.setting_keys import FOUNDATION

DECLARED: Final = "declared"  # the value of the document as a whole
_NETWORK: Final = (
    "cluster, database server and gateway stand in another network: all of them are replaced, and no data is taken "
    "along"
)
_CLUSTER: Final = "the tenants' pods are looked for in another cluster; nothing of theirs is taken along"
_LOGS: Final = "logs are kept in another project from now on; what was kept is not taken along"
_SHORTER: Final = "what is older than the new number of days is removed"
_KEY: Final = "encrypted with another key; the key that was made here is given up, and all that it encrypted with it"

# Weighty: field -> what happens when it changes.
WEIGHTY: Final[Mapping[str, str]] = {
    FOUNDATION: "nothing of the foundation is declared any more: network, keys, cluster and database server are "
    "removed",
    **{
        f"{FOUNDATION}.{place}": consequence
        for place, consequence in {
            "name": "everything of the foundation is called by another name: logs, audit trail and keys' names are "
            "replaced, and what they hold is not taken along",
            "zones": "switches and nodes are made in other zones, the ranges of all may move with their number, and "
            "everything that stands in a zone that is taken out is removed",
            "network.adopt.vpc": _NETWORK,
            "network.adopt.cidr": "the database server lets in connections from another range of addresses alone",
            "network.adopt.nodeSwitches": "nodes are made in other switches, and the pods of all tenants move to them",
            "network.adopt.podSwitches": "pods get addresses of other switches: those that run are made anew",
            "network.adopt.databaseSwitches": "the database server is looked for in other switches",
            "network.cidr": _NETWORK,
            "encryption.cluster": f"the cluster is replaced, as its Secrets and its nodes' disks are {_KEY}",
            "encryption.database": f"the database server is {_KEY}",
            "encryption.system": f"the tenants' files are {_KEY}",
            "encryption.photos": f"the tenants' photos are {_KEY}",
            "encryption.backups": f"backups are {_KEY}",
            "logging.adopt": _LOGS,
            "logging.retentionDays": f"of the logs, {_SHORTER}",
            "cluster.adopt": _CLUSTER,
            "cluster.version": "the cluster is brought to another version of Kubernetes, and there is no way back",
            "cluster.serviceCidr": "the cluster is replaced: every namespace is made anew, with all pods",
            "cluster.nodes.largest": "pods that have no node any more do not run",
            "databaseServer.adopt": "the tenants' databases are looked for on another server, and what is on this one "
            "is not taken along",
            "databaseServer.instanceType": "the database server moves to another machine: all connections of all "
            "tenants end",
            "databaseServer.engineVersion": "the database server is brought to another version of PostgreSQL: nobody "
            "is served meanwhile, and there is no way back",
            "databaseServer.backupDays": f"of the server's own backups, {_SHORTER}",
            "databaseServer.withoutParameters": "some parameters restart the database server: all connections of all "
            "tenants end",
            "audit.adopt": "changes in the account are recorded in another trail; the one that was made here ends",
            "audit.retentionDays": f"of the audit trail, {_SHORTER}",
            "registry.adopt": "images are looked for in another registry; those of this one are not taken along",
            "registry.namespace": "images are looked for in another namespace of the registry, which is empty",
        }.items()
    },
}
# Of these only less counts: more of it takes nothing away.
ONLY_LESS: Final = frozenset(
    f"{FOUNDATION}.{place}"
    for place in (
        "logging.retentionDays",
        "audit.retentionDays",
        "databaseServer.backupDays",
        "cluster.nodes.largest",
    )
)

# Harmless: field -> why.
_LATER: Final = "counts for nodes that are made from now on"
_PIPELINE: Final = "the pipeline's own way in, without data or workload; its role is protected"
HARMLESS: Final[Mapping[str, str]] = {
    f"{FOUNDATION}.{place}": reason
    for place, reason in {
        "cluster.nodes.instanceTypes": _LATER,
        "cluster.nodes.diskGib": _LATER,
        "cluster.nodes.smallest": "the autoscaler takes away only nodes that nobody needs",
        "databaseServer.storageGib": "only grows, in place: RDS refuses less",
        "databaseServer.largestStorageGib": "how far it may grow by itself",
        "databaseServer.autovacuumNaptimeS": "changes a parameter in place",
        "certificate.adopt": "the role that answers challenges is protected: a run that would remove it is refused",
        "certificate.serviceAccount": "changes the trust of a role in place",
        "deployer.adopt": _PIPELINE,
        "deployer.issuer": _PIPELINE,
        "deployer.subjects": _PIPELINE,
        "deployer.previewSubjects": _PIPELINE,
        "deployer.stateBucket": "a right of the pipeline's roles; the bucket itself is made elsewhere",
        "deployer.fingerprints": _PIPELINE,
    }.items()
}


def fields(model: type[BaseModel] = FoundationSettings, above: str = FOUNDATION) -> Iterator[str]:
    """Every field that can be set, by its place: `foundation.cluster.nodes.largest`."""
    for field in model.model_fields.values():
        place = f"{above}.{field.alias}"
        inner = next(_models(field.annotation), None)
        if inner is None:
            yield place
        else:
            yield from fields(inner, place)


def values_of(settings: FoundationSettings | None) -> dict[str, str]:
    """Weighty field -> its value as text, a list with commas; empty where it is not set.

    Of a foundation that is none, that alone.
    """
    if settings is None:
        return {FOUNDATION: ""}
    document = settings.model_dump(mode="json", by_alias=True)
    return {FOUNDATION: DECLARED} | {place: _text(document, place) for place in WEIGHTY if place != FOUNDATION}


def _text(document: Any, place: str) -> str:
    value: Any = document
    for key in place.split(".")[1:]:
        value = value.get(key) if value is not None else None
    return "" if value is None else ",".join(value) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - any field's value


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, Annotated):
        for part in get_args(annotation):
            yield from _models(part)
