"""Nothing that is secret in the inputs leaves the plugin in clear, by any way."""

import base64

import pytest

from tests.local.kubernetes.conftest import Json, Kubelite, Plugin, RefusedError, clear_text, secret

KNOWN = "correct-horse-battery"
ENCODED = base64.b64encode(KNOWN.encode()).decode()


def assert_hidden(value: object) -> None:
    exposed = [text for text in clear_text(value) if KNOWN in text or ENCODED in text]
    assert exposed == []


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "not-marked"])
@pytest.mark.parametrize("key", ["data", "stringData"])
def test_secrets(plugin: Plugin, kubelite: Kubelite, namespace: str, key: str, marked: bool) -> None:
    content = {"password": ENCODED if key == "data" else KNOWN}
    wanted: Json = {"metadata": {"name": "it", "namespace": namespace}, key: secret(content) if marked else content}
    resource = plugin.resource("core/v1:Secret").create(wanted)
    stored = kubelite.core.read_namespaced_secret("it", namespace)
    assert stored.data == {"password": ENCODED}
    for _ in range(2):
        assert_hidden(resource.inputs)
        assert_hidden(resource.outputs)
        resource.refresh()
    assert not resource.diff(wanted).changes
    kubelite.core.patch_namespaced_secret("it", namespace, {"data": {"password": "b3RoZXI="}})
    assert any(path.startswith(key) for path in resource.refresh().diff(wanted).paths)
    assert_hidden(plugin.resource("core/v1:Secret").create(wanted, preview=True).outputs)
    assert "other" not in " ".join(clear_text(plugin.resource("core/v1:Secret").take(f"{namespace}/it").inputs))


def test_secrets_anywhere_else(plugin: Plugin, namespace: str) -> None:
    """A secret may be put into any field, and servers copy fields around."""
    labels = {"app": "web"}
    container = {
        "name": "web",
        "image": "example.invalid/web:1",
        "args": ["--token", secret(KNOWN)],
        "env": [
            {"name": "URL", "value": secret(f"https://user:{KNOWN}@host")},
            {"name": "COPY", "value": f"x{KNOWN}x"},
        ],
    }
    wanted: Json = {
        "metadata": {"name": "web", "namespace": namespace, "annotations": {"token": secret(KNOWN)}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": secret({"token": KNOWN})},
                "spec": {"containers": [container]},
            },
        },
    }
    resource = plugin.resource("apps/v1:Deployment").create(wanted)
    assert_hidden(resource.outputs)
    resource.refresh()
    assert_hidden(resource.outputs)
    assert not resource.diff(wanted).changes


def test_kubectls_copy_is_not_kept(plugin: Plugin, kubelite: Kubelite, namespace: str) -> None:
    annotation = "kubectl.kubernetes.io/last-applied-configuration"
    copy = f'{{"apiVersion":"v1","kind":"Secret","metadata":{{"name":"it"}},"stringData":{{"password":"{KNOWN}"}}}}'
    body = {"metadata": {"name": "it", "annotations": {annotation: copy}}, "stringData": {"password": KNOWN}}
    kubelite.core.create_namespaced_secret(namespace, body)
    resource = plugin.resource("core/v1:Secret").take(f"{namespace}/it")
    assert_hidden(resource.outputs)
    assert_hidden(resource.inputs)


def test_refusals_do_not_quote_secrets(plugin: Plugin, namespace: str) -> None:
    """The API server quotes what it refuses."""
    wanted: Json = {
        "metadata": {"name": "it", "namespace": namespace, "labels": {"token": secret(f"no label! {KNOWN}")}}
    }
    for preview in (True, False):
        with pytest.raises(RefusedError) as refusal:
            plugin.resource("core/v1:ConfigMap").create(wanted, preview=preview)
        assert KNOWN not in str(refusal.value)
        assert "[secret]" in str(refusal.value)
