"""Tells whether a name says that what stands under it is a credential."""

import re
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_KEYS: Final = (
    r"(?:api|apiv3|v3|access|private|auth|sign|signing|signature|encryption|encrypt|encoding|hmac|ssh|ssl|tls|cert"
    r"|master|shared|session|mch|mchnt|merchant|pay|partner|aes|des|rsa|sm2|sm4|app|license|secret|webhook|subscription"
    r"|consumer|jwt|server|account)"
)
# Anywhere in a name. A secretary and a tokenizer are none.
_SAYS: Final = re.compile(
    r"pass(?:word|wd|phrase|code)|pwd|secret(?!ar(?:y|ies|ial))|token(?!i[sz](?:e|ing|ation))|credential|bearer"
    rf"|{_KEYS}[_.-]?key(?!board)|session[_.-]?id|auth(?:orization)?[_.-]?code",
    re.I,
)
# At the end of a name without its separators, where another program chose it: token_minutes is no token.
_ENDS: Final = re.compile(
    rf"(?:passw(?:or)?d|passphrase|pwd|secret|secretkey|{_KEYS}key(?:id|secret)?|token|credentials?|sessionid)\Z"
)
# As the last word of a name: too short to be looked for within one.
_LAST_WORDS: Final = re.compile(r"pass|psw|pswd|ak|sk|cookies?|jwt|t?otp|salt|authorization|p12|pfx|sas|mnemonic")
# Under these names what is random is no secret.
_RANDOM_WORDS: Final = re.compile(
    r"ids?|appid|uuid|guid|hash|digest|checksum|sha|md5|fingerprint|thumbprint|integrity|etag|version|commit|revision"
    r"|public|anon|analytics|tracking"
)


@lru_cache(maxsize=4096)
def says_secret(name: str) -> bool:
    """In a file: what bears such a name is a secret, or says something about secrets."""
    return (_SAYS.search(name) or _LAST_WORDS.fullmatch(_last_word(name))) is not None


@lru_cache(maxsize=4096)
def is_of_secret(name: str) -> bool:
    """Tells whether a resource's property is a secret by its name."""
    return (
        _ENDS.search(re.sub(r"[^a-z0-9]", "", name.lower())) is not None
        or _LAST_WORDS.fullmatch(_last_word(name)) is not None
    )


@lru_cache(maxsize=4096)
def says_random(name: str) -> bool:
    """An identifier or a checksum, long and random as a secret would be, and none."""
    return any(_RANDOM_WORDS.fullmatch(word.lower()) for word in _WORD.findall(name))


def _last_word(name: str) -> str:
    words = _WORD.findall(name)
    # Digits belong to the word before: p12 is one.
    joined = "".join(words[-2:]) if len(words) > 1 and words[-1].isdigit() else (words[-1] if words else "")
    return joined.lower()
