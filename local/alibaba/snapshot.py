"""All state as JSON without secrets, for comparisons before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.alibaba.world import World


def _bucket(world: World, bucket: Any) -> dict[str, Any]:
    kept = bucket.oss
    objects = [
        {
            "key": f.key,
            "version": f.version,
            "size": f.size,
            "etag": f.etag,
            "marker": f.marker,
            "acl": f.acl,
            "kind": f.kind,
            "tags": f.tags,
            "meta": f.meta,
        }
        for name in sorted(bucket.keys)
        for f in (k.facts for k in world.buckets.versions(bucket, name))
    ]
    uploads = [
        {"key": u.key_name, "parts": sorted(u.parts)} for u in sorted(bucket.multiparts.values(), key=lambda u: u.id)
    ]
    return {
        "region": kept["region"],
        "acl": kept["acl"],
        "storage_class": kept["storage_class"],
        "versioning": kept["versioning"],
        "policy": kept["policy"],
        "configs": kept["configs"],
        "objects": objects,
        "uploads": uploads,
    }


def snapshot(world: World) -> dict[str, Any]:
    """Times are left out, so that equal states give equal snapshots; keys are shown by id and status only."""
    identities = world.identities
    return {
        "account": world.account,
        "buckets": {b.name: _bucket(world, b) for b in world.buckets.all()},
        "roles": {
            r.ram["name"]: {
                "id": r.ram["id"],
                "trust": r.ram["trust"],
                "description": r.ram["description"],
                "max_session": r.ram["max_session"],
                "policies": sorted(r.ram["policies"]),
            }
            for r in identities.roles.values()
        },
        "users": {
            u.ram["name"]: {
                "id": u.ram["id"],
                "details": u.ram["details"],
                "policies": sorted(u.ram["policies"]),
                "keys": [{"id": k["id"], "status": k["status"]} for k in u.ram["keys"]],
            }
            for u in identities.users.values()
        },
        "policies": {
            name: {
                "description": p.ram["description"],
                "default": p.ram["default"],
                "versions": {v["id"]: v["document"] for v in p.ram["versions"]},
            }
            for (kind, name), p in identities.policies.items()
            if kind == "Custom"
        },
        "providers": {
            name: {k: v for k, v in p.ram.items() if k not in ("created", "updated")}
            for name, p in identities.providers.items()
        },
        "sessions": sum(s.ram["expires"] > world.clock.now() for s in identities.sessions.values()),
        "domains": {
            name: {
                "remark": z.dns["remark"],
                "tags": z.dns["tags"],
                "records": sorted(
                    (
                        {k: v for k, v in r.dns.items() if k not in ("created", "updated", "domain")}
                        for r in world.domains.of(name)
                    ),
                    key=lambda r: r["id"],
                ),
            }
            for name, z in world.domains.zones.items()
        },
    }
