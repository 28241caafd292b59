"""The program as it is keeps every rule."""


def test_the_program_keeps_every_rule(declared, broken) -> None:
    verdict = broken(declared)
    assert [str(violation) for violation in verdict.broken] == []
    assert {resource.kind for resource in (wire.seen() for wire in declared.values())} >= {
        "postgresql:Database",
        "ram:Policy",
        "kubernetes:Deployment",
        "oss:Bucket",
        "tenantry:TenantRow",
    }
