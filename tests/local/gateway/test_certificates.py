"""The instance's own authority, and what it issues for the listeners of Gateways."""

import base64
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.gateway import issuer
from local.gateway.certificates import Authority
from local.gateway.cluster import Cluster
from local.gateway.issuer import Request, issue, requests

HOSTS = ["*.yyup.cc"]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def test_it_is_made_once_and_its_key_is_its_owners(authority: Authority) -> None:
    first = authority.issue(*HOSTS)
    again = Authority(authority.folder)
    assert again.is_current(first.certificate, HOSTS)
    assert [(file.name, file.stat().st_mode & 0o777) for file in sorted(authority.folder.iterdir())] == [
        ("ca.crt", 0o600),
        ("ca.key", 0o600),
    ]


def test_what_it_issues_is_believed_for_its_hosts_alone(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue("k001.yyup.cc")
    (tmp_path / "both.pem").write_text(issued.certificate + issued.key)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=str(authority.file))
    server.load_cert_chain(tmp_path / "both.pem")
    assert shake(server, client, "k001.yyup.cc")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(server, client, "k002.yyup.cc")


def shake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bool:
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(back, there, server_hostname=name), server.wrap_bio(there, back, server_side=True)]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ends[0].version() is not None


def test_what_is_not_current(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue(*HOSTS).certificate
    assert not authority.is_current(issued, ["*.example.com"])
    assert not authority.is_current("no certificate", HOSTS)
    stranger = Authority(tmp_path / "stranger").issue(*HOSTS).certificate
    assert not authority.is_current(stranger, HOSTS)


@dataclass
class Objects:
    """A cluster of a few Secrets."""

    secrets: dict[str, Any] = field(default_factory=dict[str, Any])
    applied: list[str] = field(default_factory=list[str])

    def read(self, path: str) -> Any:
        return self.secrets.get(path)

    def apply(self, path: str, body: Any) -> None:
        self.secrets[path] = body
        self.applied.append(path)


def gateway(*references: dict[str, str]) -> dict[str, Any]:
    listener = {"hostname": "*.yyup.cc", "tls": {"certificateRefs": list(references)}}
    return {"metadata": {"namespace": "gw"}, "spec": {"listeners": [listener, {"name": "plain"}]}}


def test_listeners_ask_for_secrets_of_their_own_namespace() -> None:
    asked = requests(gateway({"name": "tls"}, {"name": "other", "namespace": "elsewhere"}, {"name": "c", "kind": "X"}))
    assert list(asked) == [Request("gw", "tls", "*.yyup.cc")]


def test_a_secret_is_issued_kept_and_renewed_but_never_taken_from_somebody(authority: Authority) -> None:
    objects, request = Objects(), Request("gw", "tls", "*.yyup.cc")
    cluster = cast(Cluster, objects)
    path = "/api/v1/namespaces/gw/secrets/tls"
    issue(cluster, authority, request)
    issue(cluster, authority, request)
    assert objects.applied == [path]
    pem = base64.b64decode(objects.secrets[path]["data"]["tls.crt"])
    names = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == HOSTS
    issue(cluster, authority, Request("gw", "tls", "*.example.com"))  # the zone has changed
    assert objects.applied == [path, path]
    foreign = base64.b64encode(_self_signed().encode()).decode()
    objects.secrets[path] = {"data": {"tls.crt": foreign}}
    issue(cluster, authority, request)
    assert objects.applied == [path, path]


def _self_signed() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def test_what_failed_is_tried_again(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """A namespace that is just ending refuses a Secret; the Gateway of the next one of that name gets its own."""

    class Enough(Exception):
        pass

    class Refusing(Objects):
        asked = 0

        def follow(self, path: str) -> Any:
            yield "ALL", {"items": [gateway({"name": "tls"})]}
            raise Enough

        def apply(self, path: str, body: Any) -> None:
            self.asked += 1
            if self.asked == 1:
                raise RuntimeError("the namespace is being terminated")
            super().apply(path, body)

    monkeypatch.setattr(issuer, "AGAIN_SECONDS", 0)
    objects = Refusing()
    with pytest.raises(Enough):
        issuer.run(cast(Cluster, objects), authority)
    assert len(objects.applied) == 1
