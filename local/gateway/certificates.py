"""A certificate authority of this instance, and the certificates that it issues.

Two things need some: Envoy and its control plane know each other by them, and browsers (or curl) know the gateway. The
authority's key never leaves the instance's folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.instances.instance import write_whole

LIFE = timedelta(days=3650)
MARGIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key, both PEM."""

    certificate: str
    key: str


@dataclass(frozen=True)
class Authority:
    """The authority whose certificate and key are in `folder`; made when it is first asked for."""

    folder: Path

    @property
    def file(self) -> Path:
        """The file of its certificate, for whoever is to trust it."""
        return self.folder / "ca.crt"

    def issue(self, *hosts: str) -> Issued:
        """Issues a certificate for a server and a client of these host names."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(hosts[0], self._certificate.subject, key)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        return Issued(_pem(certificate), _key_pem(key))

    def is_ours(self, pem: str) -> bool:
        """Tells whether this authority has issued it, or one of its name whose files were removed since."""
        try:
            return x509.load_pem_x509_certificate(pem.encode()).issuer == self._certificate.subject
        except ValueError:
            return False

    def is_current(self, pem: str, hosts: Sequence[str]) -> bool:
        """Tells whether it is a certificate of this authority for exactly these hosts, and for some time to come."""
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
            certificate.verify_directly_issued_by(self._certificate)
            named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        fresh = certificate.not_valid_after_utc - MARGIN > datetime.now(UTC)
        return fresh and named.get_values_for_type(x509.DNSName) == list(hosts)

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        self._ensure()
        key = serialization.load_pem_private_key((self.folder / "ca.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key

    @cached_property
    def _certificate(self) -> x509.Certificate:
        self._ensure()
        return x509.load_pem_x509_certificate(self.file.read_bytes())

    def _ensure(self) -> None:
        """The certificate is written last: where it is, the key is."""
        if self.file.exists():
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("tenantry embedded default")
        certificate = (
            _builder("", name, key, name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(_SIGNS, critical=True)
            .sign(key, hashes.SHA256())
        )
        write_whole(self.folder / "ca.key", _key_pem(key))
        write_whole(self.file, _pem(certificate))


_SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _builder(
    host: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, subject: x509.Name | None = None
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject or _name(host))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFE)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
