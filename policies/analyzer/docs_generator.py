"""`python -m policies.analyzer.docs_generator` writes docs/isolation.md: controls, rails, attacks, and the handbook of
the rules. A test fails when the file differs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from policies.analyzer import controls_table
from policies.analyzer.catalogue import POLICIES, rules_of
from policies.model.rule import Rule
from policies.model.settings import SCHEMAS, settable
from policies.model.values import sequence

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "isolation.md"

HEAD: Final = """# Isolation: what holds one tenant from another

Written by `python -m policies.analyzer.docs_generator` from what stands in the code. Do not edit.

| what | stands in |
| --- | --- |
| controls | `tenantry/model/resources/systems/` |
| rules | `policies/rules/` |
| attacks | `tenantry/inspection/verify/attacks/` |

A test fails when a rule, a rail or an attack is in no row, or when a row names one that is gone.

| column | what it names |
| --- | --- |
| policy | a rule of the policy pack, on what is declared (below) |
| live | what holds against changes that do not come through Pulumi |
| attack | what `tenantry verify` tries (`tenantry verify --list`) |

Whether each is needed is tried too:

| taken away or broken | by |
| --- | --- |
| everything declared, in turn | `tests/policies/test_mutations.py` |
| the live controls | `tests/e2e/attack/test_mutations.py` |
| each sentence of each rail | `tests/components/guardrails` |

What is not tried:

- **Packets.** The network is evaluated, not sent through: on the embedded default no packet is filtered.
- **The cache's own ACL.** Where there is a cache, each tenant reaches it with an ACL user and a key prefix of its own
  (`tenantry:redisUrls`; one credential for several is refused). What that user may, the cache says: nothing here
  tries it.

## The controls
"""
HANDBOOK: Final = """
## The policy pack

The pack runs with every preview and up: `tenantry` and `make` pass `--policy-pack policies` and the stack's own
`--policy-pack-config`. A broken *resource* rule stops the run before that resource is made; a broken *stack* rule fails
the run at its end, when everything is known. A message says whose it is, which resource, the rule, what is wrong, why
it matters and what to do:

    k001: Role rent001_a: database-powers: it has superuser. Such a role reaches ... Remedy: leave superuser, ... out.

- Whose a resource is, its own properties say: label and namespace, database and role, RAM role, record, row. The Tenant
  component in its URN must say the same (`names-component`).
- Secrets never reach a rule: each is replaced by a mark before. What must be readable, such as a RAM document, may
  therefore not be secret.
- A rule that meets a value which only the update knows is not decided by a preview. The policy `report` lists these;
  the same rule runs again in the update, before the resource is made.
- What a rule cannot read counts as broken.
- Protection is lifted by `tenantry:allowDestroy` in the stack's file, or by a tenant's file with status purged and a
  proof.

### Configuration

`policies/STACK.json`, or of what the stack's name begins with: `prod-c02` has that of `prod` unless it has its own. A
stack that is not `local` or a test's is refused without one. It is JSON by policy; the engine refuses what does not fit
the schema. All policies are mandatory; `enforcementLevel` (`advisory`, `mandatory`, `disabled`) changes that for one,
`all` for all of them.

```json
{
  "workload": {
    "registries": ["registry.cn-guangzhou.aliyuncs.com/tenantry"],
    "digest": true,
    "exemptions": [
      {"tenant": "k003", "rule": "workload-probes", "reason": "old image, replaced in May", "expiry": "2027-05-31"}
    ]
  }
}
```

An exemption is for one rule and one tenant (a code, `platform` for what is no tenant's, `*` for everybody), and stands
with the policy of its rule. It needs a reason of ten letters or more and its last day. Each use is reported as an
advisory line of the policy `report`; after its last day the rule is broken again, and the exemption itself is a fault
until it is removed or renewed.

What the installation is (zone, buckets, account, issuer, gateway, the folder of its tenants and with it their plans)
the stack's own configuration says, to the rules as to the program; it is no setting of the pack. What tenants may at
most have (registries, digests, egress) stands in `policies/STACK.json`, where the stack alone cannot widen it.
"""


def document() -> str:
    rules = (line for policy in POLICIES for line in _policy(policy))
    return "\n".join([HEAD, *controls_table.table(), HANDBOOK, *_settings(), *rules])


def _settings() -> Iterator[str]:
    yield "| policy | setting | what it says | default |\n| --- | --- | --- | --- |"
    for policy in SCHEMAS:
        for name, setting in settable(policy).items():
            yield f"| {policy} | {name} | {setting['description']} | {_default(setting['default'])} |"
    yield ""


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int) and value != "":
        return f"`{value}`"
    return ", ".join(f"`{value_in_list}`" for value_in_list in sequence(value or None)) or "none"


def _policy(policy: str) -> Iterator[str]:
    yield f"### {policy}\n\n{POLICIES[policy]}. Enforcement: mandatory.\n"
    yield "| rule | domain | on | demands | why | remedy |\n| --- | --- | --- | --- | --- | --- |"
    yield from (_row(rule) for rule in rules_of(policy))
    yield ""


def _row(rule: Rule) -> str:
    where = "resource" if rule.on_resource is not None else "stack"
    cells = (f"`{rule.name}`", rule.domain, where, rule.demands, rule.why, rule.remedy)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    FILE.write_text(document(), "utf-8")
