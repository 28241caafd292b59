"""The policies' figures are those that tenantry.plans reads from the same file."""

import pytest

from policies.figures import PLANS, plans, quantity, same
from policies.values import Unreadable
from tenantry.plans import PlansDocument, with_defaults
from tenantry.quantity import bytes_of, millicores_of
from tenantry.reading import read_model


def test_they_are_those_of_the_models() -> None:
    document = read_model(PLANS, PlansDocument, with_defaults).value
    assert document is not None
    models = dict(document.plans.items())
    assert plans().keys() == models.keys()
    for name, model in models.items():
        ours, compute = plans()[name], model.compute
        assert ours.container == {
            "cpu": millicores_of(compute.cpu) / 1000,
            "memory": bytes_of(compute.memory),
            "ephemeral-storage": bytes_of(compute.ephemeral_storage),
        }
        assert (ours.replicas, ours.surge) == (compute.replicas, compute.surge)
        assert ours.connections == model.database.connections
        assert list(ours.objects.values()) == [
            model.objects.pods,
            model.objects.services,
            model.objects.secrets,
            model.objects.config_maps,
        ]
        allowed = model.allowance
        assert ours.allowance == {
            "maxUsers": (allowed.max_users.min, allowed.max_users.max),
            "maxStorage": (allowed.max_storage.min, allowed.max_storage.max),
        }


@pytest.mark.parametrize(
    ("text", "amount"), [("250m", 0.25), ("2", 2), ("1Ki", 1024), ("1k", 1000), ("1.5Gi", 1.5 * 2**30), (3.0, 3)]
)
def test_amounts_are_read_as_kubernetes_writes_them(text: object, amount: float) -> None:
    assert same(quantity(text), amount)


@pytest.mark.parametrize("text", ["", "much", "1 Gi", "-1", "1Zi", None, True])
def test_what_is_no_amount_cannot_be_judged(text: object) -> None:
    with pytest.raises(Unreadable):
        quantity(text)
