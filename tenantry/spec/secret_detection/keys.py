"""Private keys without their header: as Alipay, WeChat Pay and most consoles hand them out, base64 of the DER alone."""

import re
from typing import Final

_BASE64: Final = r"[A-Za-z0-9+/]"
# The first bytes of a key are SEQUENCE, its length, INTEGER 0, 1 or 3: public keys and certificates go on otherwise.
_DER: Final = re.compile(
    r"(?:"
    rf"MI[IJ]{_BASE64}{{2}}[AQgw]IBA"  # RSA by PKCS #1 and #8, PKCS #12
    rf"|MI[E-H]{_BASE64}AgE[AB]"  # elliptic curves, by their own form and by PKCS #8
    rf"|M{_BASE64}{{2}}CAQ[AE]"  # the shorter of them, Ed25519
    rf"){_BASE64}{{20}}"
)
_ENCRYPTED: Final = ("BgkqhkiG9w0BBQ0", "YJKoZIhvcNAQUN", "GCSqGSIb3DQEFDT")  # PKCS #8 with a passphrase (PBES2)
_OPENSSH: Final = "b3BlbnNzaC1rZXktdjE"


def bare_private_key(text: str) -> bool:
    if "M" not in text and _OPENSSH not in text:
        return False
    joined = "".join(text.split())  # base64 comes in lines
    return _OPENSSH in joined or any(marker in joined for marker in _ENCRYPTED) or _DER.search(joined) is not None
