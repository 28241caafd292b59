"""Every way to get a tenant file wrong that we could think of: one line, at its place, with a way out."""

import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tenantry.parsing.faults import Fault

Find = Callable[..., tuple[Fault, ...]]
Only = Callable[[tuple[Fault, ...], Path], str]

# what a tombstone does without
LIVING = ("contact", "address", "limits", "features", "enabled_services", "config")

# id: (fields of the good file changed, line, field, a word that the line must hold)
FIELDS: Mapping[str, tuple[Mapping[str, str | None], int, str, str]] = {
    "code-missing": ({"code": None}, 1, "code", "add"),
    "code-empty": ({"code": ""}, 1, "code", "empty"),
    "code-upper-case": ({"code": "K001"}, 1, "code", "3 to 6 ASCII digits"),
    "code-two-digits": ({"code": "k01"}, 1, "code", "3 to 6 ASCII digits"),
    "code-seven-digits": ({"code": "k1234567"}, 1, "code", "3 to 6 ASCII digits"),
    "code-full-width": ({"code": "k００１"}, 1, "code", "FULLWIDTH DIGIT ZERO"),
    "code-arabic-indic": ({"code": "k٠٠١"}, 1, "code", "ARABIC-INDIC"),
    "code-cyrillic": ({"code": "к001"}, 1, "code", "CYRILLIC"),
    "code-trailing-newline": ({"code": '"k001\\n"'}, 1, "code", "ASCII digits"),
    "code-path": ({"code": "../k001"}, 1, "code", "ASCII digits"),
    "code-wildcard": ({"code": "k00*"}, 1, "code", "ASCII digits"),
    "code-number": ({"code": "1"}, 1, "code", "in quotes"),
    "code-list": ({"code": "[k001]"}, 1, "code", "in quotes"),
    "code-mapping": ({"code": "{k001: k001}"}, 1, "code", "in quotes"),
    "name-empty": ({"name": '""'}, 2, "name", "1 to 64"),
    "name-65": ({"name": "园" * 65}, 2, "name", "at most 64"),
    "name-control": ({"name": r'"园\u0007"'}, 2, "name", "U+0007"),
    "name-escape": ({"name": r'"\e[31m园"'}, 2, "name", "U+001B"),
    "name-zero-width": ({"name": r'"园\u200b"'}, 2, "name", "ZERO WIDTH SPACE"),
    "name-hangul-filler": ({"name": r'"\u3164"'}, 2, "name", "HANGUL FILLER"),
    "name-raw-hangul-filler": ({"name": "\u3164"}, 2, "file", "HANGUL FILLER"),
    "name-braille-blank": ({"name": r'"园\u2800"'}, 2, "name", "BRAILLE PATTERN BLANK"),
    "name-of-symbols": ({"name": "'···！？'"}, 2, "name", "no letter and no number, write the name"),
    "contact-of-symbols": ({"contact": "{name: '--', email: a@example.com}"}, 7, "contact.name", "write the name"),
    "name-bidi": ({"name": r'"园\u202e"'}, 2, "name", "RIGHT-TO-LEFT OVERRIDE"),
    "name-surrogate": ({"name": r'"\ud800"'}, 2, "file", "YAML"),
    "name-newline": ({"name": r'"园\n园"'}, 2, "name", "control character"),
    "name-ideographic-space": ({"name": "示例\u3000园"}, 2, "name", "ordinary space"),
    "name-no-break-space": ({"name": "示例\u00a0园"}, 2, "name", "ordinary space"),
    "name-padded": ({"name": '" 示例园"'}, 2, "name", "remove the space"),
    "name-mixed-scripts": ({"name": "Kindergаrten"}, 2, "name", "one alphabet"),
    "name-decomposed": ({"name": unicodedata.normalize("NFD", "Élan")}, 2, "name", "NFC"),
    "name-secret": ({"name": "云帆 password=hunter2"}, 2, "name", "looks like a secret"),
    "address-secret": ({"address": "示例路 1 号 https://a:hunter2@example.com"}, 8, "address", "looks like a secret"),
    "contact-secret": ({"contact": "{name: 'AKIDhunter2hunter2hunter2', email: a@example.com}"}, 7, "contact.name",
                       "access key of Tencent Cloud"),
    "email-secret": ({"contact": "{name: 张三, email: LTAIhunter2hunter2@example.com}"}, 7, "contact.email",
                     "access key of Alibaba Cloud"),
    "key-name-secret": ({"features": "{apiAccess: true}", "api_keys": "[{name: sk-0123456789abcdef0123456789ab,"
                        " scopes: [x], expires_at: 2027-01-01}]"}, 13, "api_keys[0].name", "looks like a secret"),
    "name-boolean": ({"name": "on"}, 2, "name", "quote it"),
    "name-date": ({"name": "2026-10-01"}, 2, "name", "in quotes"),
    "name-null": ({"name": "~"}, 2, "name", "empty"),
    "phone-number": ({"phone": "13800138001"}, 3, "phone", "in quotes"),
    "phone-full-width": ({"phone": '"１３８００１３８００１"'}, 3, "phone", "FULLWIDTH"),
    "phone-short": ({"phone": '"1380013800"'}, 3, "phone", "nine more"),
    "phone-long": ({"phone": '"138001380011"'}, 3, "phone", "nine more"),
    "phone-landline": ({"phone": '"12800138001"'}, 3, "phone", "3 to 9"),
    "phone-hyphens": ({"phone": '"138-0013-8001"'}, 3, "phone", "ASCII digits"),
    "phone-country": ({"phone": '"+8613800138001"'}, 3, "phone", "ASCII digits"),
    "phone-trailing-space": ({"phone": '"13800138001 "'}, 3, "phone", "ASCII digits"),
    "phone-leading-zero": ({"phone": "013800138001"}, 3, "phone", "quote it"),
    "phone-underscores": ({"phone": "138_0013_8001"}, 3, "phone", "quote it"),
    "phone-exponent": ({"phone": "1.38e10"}, 3, "phone", "quote it"),
    "phone-missing": ({"phone": None}, 1, "phone", "add"),
    "plan-unknown": ({"plan": "gold"}, 4, "plan", "enterprise"),
    "plan-no": ({"plan": "no"}, 4, "plan", "quote it"),
    "plan-upper-case": ({"plan": "Standard"}, 4, "plan", "standard"),
    "plan-cyrillic": ({"plan": "bаsic"}, 4, "plan", "basic"),
    "plan-octal": ({"plan": "0o17"}, 4, "plan", "quote it"),
    "plan-sexagesimal": ({"plan": "12:30"}, 4, "plan", "quote it"),
    "plan-infinity": ({"plan": ".inf"}, 4, "plan", "quote it"),
    "status-unknown": ({"status": "paused"}, 5, "status", "suspended"),
    "status-missing": ({"status": None}, 1, "status", "add"),
    "deleted-without-date": ({"status": "deleted"}, 1, "deleted_at", "2026-10-01"),
    "date-without-deleted": ({"deleted_at": "2026-10-01"}, 13, "deleted_at", "status: deleted"),
    "deleted-no-day": ({"status": "deleted", "deleted_at": "2026-02-30"}, 13, "deleted_at", "calendar"),
    "deleted-moment": ({"status": "deleted", "deleted_at": "2026-10-01T08:00:00Z"},
                       13, "deleted_at", "plain date"),
    "deleted-slashes": ({"status": "deleted", "deleted_at": "2026/10/01"},
                        13, "deleted_at", "year-month-day"),
    "deleted-in-future": ({"status": "deleted", "deleted_at": "2027-10-01"}, 13, "deleted_at", "future"),
    "purged-without-proof": ({"status": "purged"}, 1, "proof", "purge"),
    "purged-too-early": ({"status": "purged", "proof": "backup-1", "deleted_at": "2026-10-20"},
                         5, "status", "until"),
    "tombstone-without-proof": ({"status": "purged", "plan": None} | dict.fromkeys(LIVING),
                                1, "proof", "purge"),
    "proof-of-the-living": ({"proof": "backup-1"}, 13, "proof", "remove it"),
    "cell-upper-case": ({"cell": "Main"}, 6, "cell", "lower-case"),
    "cell-slash": ({"cell": "a/b"}, 6, "cell", "lower-case"),
    "contact-missing": ({"contact": None}, 1, "contact", "add"),
    "contact-empty": ({"contact": ""}, 7, "contact", "mapping"),
    "contact-text": ({"contact": "张三"}, 7, "contact", "mapping"),
    "email-missing": ({"contact": "{name: 张三}"}, 7, "contact.email", "add"),
    "email-without-at": ({"contact": "{name: 张三, email: example.com}"}, 7, "contact.email", "office@"),
    "email-full-width": ({"contact": "{name: 张三, email: a＠example.com}"}, 7, "contact.email", "FULLWIDTH"),
    "email-two-dots": ({"contact": "{name: 张三, email: a..b@example.com}"}, 7, "contact.email", "office@"),
    "email-header": ({"contact": r'{name: 张三, email: "a@example.com\nBcc: b@example.com"}'}, 7,
                     "contact.email", "office@"),
    "address-long": ({"address": "路" * 201}, 8, "address", "at most 200"),
    "users-zero": ({"limits": "{max_users: 0}"}, 9, "limits.max_users", "1 or more"),
    "users-negative": ({"limits": "{max_users: -5}"}, 9, "limits.max_users", "1 or more"),
    "users-text": ({"limits": '{max_users: "300"}'}, 9, "limits.max_users", "whole number"),
    "users-decimal": ({"limits": "{max_users: 300.0}"}, 9, "limits.max_users", "whole number"),
    "users-boolean": ({"limits": "{max_users: true}"}, 9, "limits.max_users", "whole number"),
    "users-beyond-plan": ({"limits": "{max_users: 501}"}, 9, "limits.max_users", "1 to 500"),
    "storage-number": ({"limits": "{max_storage: 50}"}, 9, "limits.max_storage", "quotes"),
    "storage-decimal-unit": ({"limits": "{max_storage: 50GB}"}, 9, "limits.max_storage", "50Gi"),
    "storage-negative": ({"limits": "{max_storage: -1Gi}"}, 9, "limits.max_storage", "50Gi"),
    "storage-beyond-plan": ({"limits": "{max_storage: 2Ti}"}, 9, "limits.max_storage", "100Gi"),
    "limit-unknown": ({"limits": "{max_user: 5}"}, 9, "limits.max_user", "`max_users`"),
    "feature-unknown": ({"features": "{custombranding: true}"}, 10, "features.custombranding", "remove it"),
    "feature-yes": ({"features": "{customBranding: yes}"}, 10, "features.customBranding", "true or false"),
    "feature-number": ({"features": "{customBranding: 1}"}, 10, "features.customBranding", "true or false"),
    "feature-beyond-plan": ({"features": "{ssoIntegration: true}"},
                            10, "features.ssoIntegration", "plan premium"),
    "services-text": ({"enabled_services": "enrollment"}, 11, "enabled_services", "- "),
    "services-unknown": ({"enabled_services": "[nothing]"}, 11, "enabled_services[0]", "choose from"),
    "services-twice": ({"enabled_services": "[posters, posters]"}, 11, "enabled_services", "once"),
    "config-section": ({"config": "{brand: {}}"}, 12, "config.brand", "`branding`"),
    "config-system": ({"config": "{region: cn-beijing}"}, 12, "config.region", "remove it"),
    "config-secret": ({"config": "{integrations: {sms: {api_key: hunter2}}}"}, 12,
                      "config.integrations.sms.api_key", "secret"),
    "config-url-secret": ({"config": "{integrations: {hook: 'https://a:hunter2@example.com'}}"}, 12,
                          "config.integrations.hook", "secret"),
    "config-date": ({"config": "{branding: {since: 2026-10-01}}"}, 12, "config.branding.since", "quotes"),
    "config-deep": ({"config": "{branding: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}"}, 12,
                    "config.branding.a.a.a.a.a.a", "levels"),
    "config-wide": ({"config": f"{{branding: {{a: [{', '.join('1' for _ in range(101))}]}}}}"}, 12,
                    "config.branding.a", "at most 100"),
    "config-long-text": ({"config": f"{{branding: {{a: {'x' * 1001}}}}}"},
                         12, "config.branding.a", "at most 1000"),
    "config-key": ({"config": "{branding: {a b: 1}}"}, 12, "config.branding", "ASCII letters"),
    "config-locked": ({"config": "{security: {access_token_minutes: 600}}"}, 12,
                      "config.security.access_token_minutes", "remove it"),
    "expires-text": ({"expires_at": "soon"}, 13, "expires_at", "year-month-day"),
    "hibernated-yes": ({"hibernated": "yes"}, 13, "hibernated", "true or false"),
    "rotation-zero": ({"credentials": "{rotation: 0}"}, 13, "credentials.rotation", "1 or more"),
    "credentials-password": ({"credentials": "{password: hunter2}"}, 13, "credentials.password", "remove it"),
    "key-twice": ({"api_keys": "[{name: a, scopes: [x], expires_at: 2027-01-01},"
                               " {name: a, scopes: [x], expires_at: 2027-01-01}]"},
                  13, "api_keys", "own name"),
    "key-without-scope": ({"api_keys": "[{name: a, scopes: [], expires_at: 2027-01-01}]"}, 13,
                          "api_keys[0].scopes", "at least 1"),
    "model-beyond-plan": ({"ai": "{models: [qwen-max]}"}, 13, "ai.models[0]", "choose from"),
    "model-default": ({"ai": "{models: [qwen-plus], default: doubao-lite}"}, 13, "ai.default", "models"),
    "unknown-field": ({"paln": "standard"}, 13, "paln", "`plan`"),
    "unknown-database": ({"database": "rent002"}, 13, "database", "remove it"),
}  # fmt: skip

# id: (the whole file, line, field, a word that the line must hold); {good} stands for the good file
FILES: Mapping[str, tuple[bytes, int, str, str]] = {
    "empty": (b"", 1, "file", "empty"),
    "blank": (b"\n \n", 1, "file", "empty"),
    "comment-only": (b"# nothing\n", 1, "file", "empty"),
    "null-document": (b"---\n...\n", 2, "file", "empty"),
    "scalar": (b"k001\n", 1, "file", "mapping"),
    "sequence": (b"- code: k001\n", 1, "file", "mapping"),
    "byte-order-mark": (b"\xef\xbb\xbf{good}", 1, "file", "byte order mark"),
    "utf-16": ("code: k001\n".encode("utf-16"), 1, "file", "byte order mark"),
    "gb18030": ("code: k001\nname: 示例\n".encode("gb18030"), 2, "file", "UTF-8"),
    "overlong-utf-8": (b"code: k001\nname: \xc0\xaf\n", 2, "file", "UTF-8"),
    "nul": (b"{good}\x00", 13, "file", "U+0000"),
    "bidi-in-comment": (b"{good}# \xe2\x80\xae\n", 13, "file", "RIGHT-TO-LEFT"),
    "zero-width": ("{good}# \u200b\n".encode(), 13, "file", "ZERO WIDTH"),
    "line-separator": ("{good}# a\u2028status: deleted\n".encode(), 13, "file", "LINE SEPARATOR"),
    "next-line": ("{good}# a\u0085status: deleted\n".encode(), 13, "file", "U+0085"),
    "lone-carriage-return": (b"{good}# a\rstatus: deleted\n", 13, "file", "U+000D"),
    "not-yaml": (b"{good}: [\n", 13, "file", "correct"),
    "tab-indent": (b"{good}ai:\n\tmodels: []\n", 14, "file", "with a tab, indent"),
    "tab-after-spaces": (b"{good}ai:\n  \tmodels: []\n", 14, "file", "with a tab, indent"),
    "tab-after-dash": (b"{good}api_keys:\n-\tname: a\n", 14, "file", "with a tab, indent"),
    "ideographic-indent": ("{good}ai:\n\u3000\u3000models: []\n".encode(), 14, "file", "U+3000 IDEOGRAPHIC SPACE"),
    "no-break-indent": ("{good}ai:\n\u00a0\u00a0models: []\n".encode(), 14, "file", "U+00A0 NO-BREAK SPACE"),
    "conflict": (
        b"{good}<<<<<<< HEAD\nhibernated: true\n=======\nhibernated: false\n>>>>>>> other\n",
        13,
        "file",
        "conflict marker of git (<<<<<<<), keep one side",
    ),
    "conflict-diff3": (b"{good}||||||| 1a2b3c4\n", 13, "file", "conflict marker of git (|||||||)"),
    "conflict-rest": (b"{good}>>>>>>> other\n", 13, "file", "conflict marker of git (>>>>>>>)"),
    "conflict-in-list": (b"api_keys:\n<<<<<<< HEAD\n- a\n=======\n- b\n>>>>>>> x\n", 2, "file", "conflict marker"),
    "full-width-colon": ("{good}hibernated：true\nexpires_at: 2027-01-01\n".encode(), 13, "file", "FULLWIDTH COLON"),
    "full-width-colon-last": ("{good}hibernated：true\n\n# end\n".encode(), 13, "file", "FULLWIDTH COLON"),
    "full-width-colon-first": ("code：k001\nplan: basic\n".encode(), 1, "file", "FULLWIDTH COLON"),
    "full-width-colon-below": ("{good}ai:\n  enabled：true\n  models: []\n".encode(), 14, "file", "FULLWIDTH COLON"),
    "full-width-colon-within": ("{good}ai: {enabled：true}\n".encode(), 13, "ai", "FULLWIDTH COLON"),
    "full-width-colon-alone-below": ("{good}ai:\n  enabled：true\n".encode(), 14, "ai", "FULLWIDTH COLON"),
    "full-width-colons-below": ("{good}ai:\n\n  default： a\n  b：c\n".encode(), 15, "ai", "FULLWIDTH COLON"),
    "full-width-colon-in-list": ("{good}api_keys:\n  - name：a\n".encode(), 14, "api_keys[0]", "FULLWIDTH COLON"),
    "full-width-colon-after-quote": ('{good}"ai"：{enabled: true}\n'.encode(), 13, "file", "FULLWIDTH COLON"),
    "small-colon": ("{good}hibernated﹕true\n".encode(), 13, "file", "SMALL COLON"),
    "ratio-for-colon": ("{good}hibernated∶ true\n".encode(), 13, "file", "U+2236 RATIO"),
    "colon-alone-below-without-space": (b"{good}ai:\n  enabled:true\n", 14, "ai", "no space after a colon"),
    "ideographic-space-after-colon": ("{good}hibernated:\u3000true\n".encode(), 13, "file", "IDEOGRAPHIC SPACE"),
    "no-break-space-after-colon": ("{good}hibernated:\u00a0true\n".encode(), 13, "file", "U+00A0 NO-BREAK SPACE"),
    "full-width-semicolon-within": ("{good}ai: {enabled: true；default: a}\n".encode(), 13, "file", "FULLWIDTH SEMI"),
    "full-width-dashes-below": ("{good}api_keys:\n  － a\n  － b\n".encode(), 14, "api_keys", "write - in its place"),
    "full-width-bracket-value": ("{good}api_keys: ［a］\n".encode(), 13, "api_keys", "write [ in its place"),
    "full-width-comma-within": ("{good}ai: {enabled: true，default: a}\n".encode(), 13, "file", "FULLWIDTH COMMA"),
    "full-width-braces": ("{good}ai: ｛enabled: true｝\n".encode(), 13, "file", "write { in its place"),
    "full-width-dash": ("{good}api_keys:\n－ name\n".encode(), 14, "file", "write - in its place"),
    "colon-without-space": (b"{good}hibernated:true\nexpires_at: 2027-01-01\n", 13, "file", "no space after a colon"),
    "colon-without-space-first": (b"code:k001\nplan: basic\n", 1, "file", "no space after a colon"),
    "unclosed-quote": (b'{good}hibernated: "\n', 14, "file", "correct"),
    "two-documents": (b"{good}---\ncode: k002\n", 13, "file", "`---`"),
    "directive": (b"%YAML 1.1\n---\n{good}", 1, "file", "%"),
    "duplicate-key": (b"{good}plan: basic\n", 13, "plan", "line 4"),
    "duplicate-nested": (
        b"{good}ai: {models: [qwen-plus], models: [qwen-max]}\n",
        13,
        "ai.models",
        "line 13",
    ),
    "duplicate-quoted": (b'{good}"plan": basic\n', 13, "plan", "line 4"),
    "anchor": (b"{good}expires_at: &a 2027-01-01\n", 13, "expires_at", "anchor"),
    "python-tag": (b"{good}hibernated: !!python/object/apply:os.system [id]\n", 13, "hibernated", "tag"),
    "binary-tag": (b"{good}hibernated: !!binary aGk=\n", 13, "hibernated", "tag"),
    "merge-key": (b"{good}<<: {plan: basic}\n", 13, "file", "plain name"),
    "number-key": (b"{good}1: one\n", 13, "file", "plain name"),
    "null-key": (b"{good}~: one\n", 13, "file", "plain name"),
    "boolean-key": (b"{good}on: one\n", 13, "file", "plain name"),
    "list-key": (b"{good}? [a, b]\n: one\n", 13, "file", "plain name"),
    "deep": (b"{good}ai: " + b"[" * 5000 + b"]" * 5000 + b"\n", 13, "ai" + "[0]" * 12, "levels"),
    "deep-mappings": (b"{good}ai: " + b"{a: " * 3000 + b"}" * 3000 + b"\n", 13, "ai" + ".a" * 12, "levels"),
    "secret-in-comment": (b"{good}# password: Tr0ub4dor&3xyz\n", 13, "file", "a comment that looks like a secret"),
    "secret-behind-a-value": (
        b"{good}hibernated: true  # ghp_" + b"a1B2c3D4e5" * 3 + b"f6G7h8\n",
        13,
        "file",
        "a comment that looks like a secret",
    ),
    "too-large": (b"{good}" + b"# padding\n" * 7000, 1, "file", "64 KiB"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_wrong_field(case: str, write: Callable[..., Path], faults_of: Find, only: Only) -> None:
    changes, line, field, word = FIELDS[case]
    path = write(**changes)
    faults = faults_of()
    text = only(faults, path)
    assert (faults[0].line, faults[0].field) == (line, field), text
    assert word in text


@pytest.mark.parametrize("case", FILES)
def test_a_wrong_file(case: str, good: str, write: Callable[..., Path], faults_of: Find, only: Only) -> None:
    content, line, field, word = FILES[case]
    path = write(content=content.replace(b"{good}", good.encode()))
    faults = faults_of()
    text = only(faults, path)
    assert (faults[0].line, faults[0].field) == (line, field), text
    assert word in text


def test_aliases_are_no_bomb(write: Callable[..., Path], faults_of: Find) -> None:
    """Nine levels of nine aliases would be a third of a billion values: none is followed."""
    levels = "\n".join(f"l{n}: &l{n} [{', '.join(f'*l{n - 1}' for _ in range(9))}]" for n in range(1, 10))
    write(content=f"l0: &l0 lol\n{levels}\n")
    assert {fault.remedy for fault in faults_of()} >= {"write the value out", "remove the `&` and its name"}


def test_every_fault_of_every_file_is_told_in_order(write: Callable[..., Path], faults_of: Find) -> None:
    write("k002.yaml", code="k002", phone="1", plan="gold")
    write("k001.yaml", name='""', status="deleted")
    faults = faults_of()
    assert [(Path(fault.file).name, fault.field) for fault in faults] == [
        ("k001.yaml", "deleted_at"),
        ("k001.yaml", "name"),
        ("k002.yaml", "phone"),
        ("k002.yaml", "plan"),
    ]
    assert list(faults) == sorted(faults)
