"""The policies' figures are those that tenantry.spec.plans reads from the same file."""

from pathlib import Path

import pytest

from policies.facts import plan_figures
from policies.facts.plan_figures import PLANS, PROJECT_TENANTS, file_of, plans, plugin, quantity, same
from policies.model.values import UnexpectedShape
from tenantry.spec.loader import read_model
from tenantry.spec.plans import PlansDocument, with_defaults
from tenantry.spec.quantity import bytes_of, millicores_of


def test_they_are_those_of_the_models() -> None:
    document = read_model(file_of(PLANS), PlansDocument, with_defaults).value
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


def test_they_are_those_of_the_stacks_own_folder_where_it_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_figures.Folder, "tenants", tmp_path)
    assert plans()["basic"].request_rate == plans()["basic"].request_rate > 0
    text = (PROJECT_TENANTS / PLANS).read_text("utf-8")
    (tmp_path / PLANS).write_text(text.replace("request_rate: 1200", "request_rate: 1234"), "utf-8")
    assert 1234 in {plan.request_rate for plan in plans().values()}
    services = (PROJECT_TENANTS / plan_figures.SERVICES).read_text("utf-8")
    (tmp_path / plan_figures.SERVICES).write_text(services.replace("port: 3101", "port: 3999"), "utf-8")
    found = plugin("plugin-enrollment")
    assert found is not None
    assert found.port == 3999


@pytest.mark.parametrize(
    ("text", "amount"), [("250m", 0.25), ("2", 2), ("1Ki", 1024), ("1k", 1000), ("1.5Gi", 1.5 * 2**30), (3.0, 3)]
)
def test_amounts_are_read_as_kubernetes_writes_them(text: object, amount: float) -> None:
    assert same(quantity(text), amount)


@pytest.mark.parametrize("text", ["", "much", "1 Gi", "-1", "1Zi", None, True])
def test_what_is_no_amount_cannot_be_judged(text: object) -> None:
    with pytest.raises(UnexpectedShape):
        quantity(text)
