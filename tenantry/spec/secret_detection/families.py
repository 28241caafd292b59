"""Families of credentials by their looks, beside those of detect-secrets: also what is common in China."""

import re
from typing import Final, NamedTuple


class Family(NamedTuple):
    """`hints`: one of these stands in every text that the pattern finds; looking for them is much faster."""

    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _family(kind: str, hints: str, pattern: str, flags: int = 0) -> Family:
    return Family(kind, tuple(hints.split()), re.compile(pattern, flags))


_NAME_IN_ADDRESS: Final = (
    r"(?:[\w.-]*(?:token|secret|passw(?:or)?d|pwd|signature|credential)|(?:api|access|app|auth|private)[_.-]?key"
    r"(?:[_.-]?id)?|OSSAccessKeyId|pass)"
)
_SHORT_NAME_IN_ADDRESS: Final = r"(?:key|sig|sign|auth|code|ak|sk|ticket|session(?:id)?)"

FAMILIES: Final = (
    # Addresses that let in whoever has them.
    _family("an address with a password", "://", r"://[^/@\s]*:[^/@\s]+@|://[^/?#@\s:]*:(?![0-9]+/)[^?#@\s]+@"),
    _family("an address with a token", "://", r"://[^/@\s:]{16,}@"),
    _family("an address with a password", "@tcp( @unix( @udp(", r"[\w.-]+:[^\s@]+@(?:tcp|unix|udp)\("),
    _family("an address with a password", "jdbc:oracle", r"jdbc:oracle:\w+:[^/\s]+/[^@\s]+@"),
    _family("an address with a secret", "=", rf"[?&;#]{_NAME_IN_ADDRESS}=(?!\$?[{{<])[^&;#\s]{{4}}", re.I),
    _family("an address with a secret", "=", rf"[?&#]{_SHORT_NAME_IN_ADDRESS}=[^&#\s]{{16}}", re.I),
    _family(
        "an address of a webhook",
        "hook /with/key/ /robot pagerduty hc-ping ftqq api.day.app",
        r"(?:open-apis/bot/(?:v2/)?hook|trigger-webhook)/[\w-]{16}"  # Feishu, Lark
        r"|discord(?:app)?\.com/api/webhooks/\d+/[\w-]{16}|webhook\.office\.com/webhookb2/[\w@-]{16}"
        r"|hooks\.zapier\.com/hooks/catch/\w+/\w+|/with/key/[\w-]{16}|events\.pagerduty\.com/integration/\w{16}"
        r"|hc-ping\.com/[\w-]{16}|ftqq\.com/SCT\w{10}|api\.day\.app/\w{16}"
        r"|https?://\S*hook\S*/(?=[\w-]*[0-9])(?=[\w-]*[A-Za-z])[\w-]{20}",
    ),
    # What is written as in a program's settings: also connection strings.
    _family(
        "an assignment of a secret",
        "=",
        r"(?<![A-Za-z])(?:[\w-]*(?:passw(?:or)?d|secret|token)|pwd|pass|(?:api|access|account|app|auth|private|shared"
        r"access)[_-]?key(?:[_-]?(?:id|secret|name))?)\s*=\s*[\"']?(?![\"'{<$]|true|false|null|none)[^\s\"'&;,]{4}",
        re.I,
    ),
    _family(
        "an assignment of a secret",
        ": :\" :'",
        r"(?<![A-Za-z])(?:[\w-]*(?:passw(?:or)?d|secret|token)|pwd|(?:api|access|private)[_-]?key)[\"']?\s*:\s*[\"']?"
        r"(?=[^\s\"',;]*[0-9])(?=[^\s\"',;]*[A-Za-z])[^\s\"',;:/]{6}",
        re.I,
    ),
    _family("a password in Chinese", "密码 口令 密钥", r"(?:密码|口令|密钥)\s*(?:[:：=]|是|为)\s*[!-~]{4}"),
    # What a request carries.
    _family(
        "a header that signs in",
        "earer asic uthorization EARER ASIC",
        r"\bBearer\s+(?=[\w.~+/-]*[0-9])[\w.~+/=-]{16}|\bBasic\s+(?=\S*[0-9A-Z=])[A-Za-z0-9+/]{8,}={0,2}(?:\s|$)",
        re.I,
    ),
    _family("a signed token", "eyJ", r"\beyJ[\w-]{8,}\.eyJ[\w-]{2}|\beyJ[\w-]{16,}\.[\w-]*\.[\w-]{16}"),
    _family("a session's cookie", "=", r"(?:^|[;\s])(?:\w*sess(?:ion)?(?:_?id)?|sid|connect\.sid)=[^\s;]{16}", re.I),
    # Keys and hashes.
    _family("a private key", "PRIVATE", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"),
    _family("a private key", "PuTTY-User AGE-SECRET-KEY-", r"PuTTY-User-Key-File-\d|AGE-SECRET-KEY-1"),
    _family("a client key", "client-key-data", r"client-key-data[\"']?\s*:\s*\S"),
    _family(
        "a password's hash",
        "$ {SSHA {SHA md5",
        r"\$2[abxy]?\$[0-9]{2}\$[./0-9A-Za-z]{20}|\$argon2(?:id?|d)\$|\$[156y]\$[^$\s]{1,40}\$[./0-9A-Za-z]{16}"
        r"|SCRAM-SHA-\d+\$|\{S?SHA(?:256|512)?\}[A-Za-z0-9+/]{20}|pbkdf2[\w-]*\$|\bmd5[0-9a-f]{32}\b",
    ),
    # Clouds.
    _family("an access key of Alibaba Cloud", "LTAI STS.", r"\bLTAI[A-Za-z0-9]{12}|\bSTS\.[A-Za-z0-9]{20}"),
    _family("an access key of Tencent Cloud", "AKID", r"\bAKID[A-Za-z0-9_-]{13}"),
    _family("an access key of Volcengine", "AKLT", r"\bAKLT[A-Za-z0-9+/_-]{16}"),
    _family("an access key of Baidu Cloud", "ALTAK", r"\bALTAK[A-Za-z0-9-]{12}"),
    _family("an access key of JD Cloud", "JDC_", r"\bJDC_[A-Z0-9]{20}"),
    _family("a key of Google", "AIza ya29. GOCSPX-", r"\bAIza[\w-]{30}|\bya29\.[\w-]{20}|\bGOCSPX-[\w-]{20}"),
    _family("a key of Azure", "ccountKey haredAccessKey", r"(?:Account|SharedAccess)Key=[A-Za-z0-9+/]{20}"),
    # Messages and payment, common in China.
    _family("a secret of DingTalk", "SEC", r"\bSEC[0-9a-f]{60}"),
    _family("a key of ServerChan", "SCT SCU", r"\bSC[TU][0-9]{3,}T[A-Za-z0-9]{16}"),
    _family("a key of Zhipu", ".", r"(?<![0-9a-fA-F])[0-9a-f]{32}\.[A-Za-z0-9]{16}(?![A-Za-z0-9])"),
    # Services by the beginning of their tokens.
    _family("a secret key", "sk- rk-", r"(?<![\w-])[sr]k-(?=[\w-]*[0-9])[A-Za-z0-9_-]{20}"),
    _family("a key of Stripe", "k_live_ k_test_ whsec_", r"\b[sr]k_(?:live|test)_[0-9a-zA-Z]{10}|\bwhsec_[\w+/=]{16}"),
    _family("a token of GitHub", "github_pat_", r"\bgithub_pat_\w{22}"),
    _family("a token of Slack", "xox xapp-", r"\bxox[abceoprs]\.?-[\w-]{10}|\bxapp-\d-[\w-]{10}"),
    _family(
        "a token of a package registry", "npm_ dckr_pat_ dckr_oat_ pypi-", r"\b(?:npm_|dckr_[po]at_|pypi-)[\w-]{20}"
    ),
    _family("a token of Hugging Face", "hf_", r"\bhf_[A-Za-z0-9]{30}"),
    _family("a token of Vault or Terraform", "hvs. hvb. hvr. .atlasv1.", r"\bhv[bsr]\.[\w-]{20}|\.atlasv1\.[\w-]{20}"),
    _family("a token of DigitalOcean", "_v1_", r"\bdo[opr]_v1_[a-f0-9]{40}"),
    _family("a token of Shopify", "shp", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    _family("a key of Mailgun", "key-", r"\bkey-[0-9a-z]{32}\b"),
    _family("a token of Grafana", "glsa_ glc_", r"\bgl(?:sa|c)_[\w+/=]{20}"),
    _family("a token of Atlassian", "ATATT3 ATCTT3", r"\bAT[AC]TT3[\w=-]{20}"),
    _family("a token of Sentry", "sntry", r"\bsntry[su]_[\w+/=]{20}"),
    _family("a key of New Relic or Postman", "NRAK- PMAK-", r"\bNRAK-[A-Z0-9]{20}|\bPMAK-[a-f0-9-]{30}"),
    _family("a token of Pulumi", "pul-", r"\bpul-[0-9a-f]{40}"),
    _family("a token of Linear or Notion", "lin_api_ ntn_", r"\blin_api_\w{30}|\bntn_\w{30}"),
    _family("a token of Facebook", "EAA", r"\bEAA[A-Za-z0-9]{60}"),
)
