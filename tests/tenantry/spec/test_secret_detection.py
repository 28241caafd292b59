"""Families of credentials as people paste them into a configuration: each refused, under a name that says nothing.

The values are of the right shape and none of them opens anything.
"""

from base64 import b64encode
from typing import Any, Final

import pytest

from tenantry.parsing.faults import FieldError
from tenantry.spec.freeform import check_freeform
from tenantry.spec.secret_detection.text import credential_in


def mixed(length: int) -> str:
    return ("a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ" * 4)[:length]


def hexadecimal(length: int) -> str:
    return ("0f1e2d3c4b5a69788796a5b4c3d2e1f0" * 4)[:length]


UUID: Final = (
    "693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa".replace("x", "1").replace("o", "0").replace("s", "5").replace("i", "1")
)
DER_PKCS8: Final = b64encode(
    bytes.fromhex("308204bd020100300d06092a864886f70d0101010500048204a7") + bytes(range(40))
).decode()
DER_PKCS1: Final = b64encode(bytes.fromhex("308204a30201000282010100") + bytes(range(40))).decode()
DER_EC: Final = b64encode(bytes.fromhex("30770201010420") + bytes(range(40))).decode()
DER_ED25519: Final = b64encode(bytes.fromhex("302e020100300506032b657004220420") + bytes(range(32))).decode()
DER_PKCS12: Final = b64encode(bytes.fromhex("308209a2020103308209") + bytes(range(40))).decode()
DER_ENCRYPTED: Final = b64encode(bytes.fromhex("3082050e304006092a864886f70d01050d3033") + bytes(range(40))).decode()

# Under the key `value`, which says nothing of what it is.
TEXTS: Final = {
    # webhooks and other addresses
    "dingtalk webhook": f"https://oapi.dingtalk.com/robot/send?access_token={hexadecimal(64)}",
    "dingtalk sign secret": f"SEC{hexadecimal(64)}",
    "wecom webhook": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={UUID}",
    "feishu webhook": f"https://open.feishu.cn/open-apis/bot/v2/hook/{UUID}",
    "lark webhook": f"https://open.larksuite.com/open-apis/bot/v2/hook/{UUID}",
    "slack webhook": f"https://hooks.slack.com/services/T0{mixed(8)}/B0{mixed(8)}/{mixed(24)}",
    "discord webhook": f"https://discord.com/api/webhooks/112233445566778899/{mixed(60)}",
    "teams webhook": f"https://a.webhook.office.com/webhookb2/{UUID}@{UUID}/IncomingWebhook/{hexadecimal(32)}",
    "serverchan": f"https://sctapi.ftqq.com/SCT12345T{mixed(20)}.send",
    "bark": f"https://api.day.app/{mixed(22)}",
    "pushplus": f"http://www.pushplus.plus/send?token={hexadecimal(32)}",
    "any webhook": f"https://example.com/hooks/{mixed(26)}",
    "telegram bot": f"https://api.telegram.org/bot123456789:{mixed(35)}/sendMessage",
    "azure shared access": f"https://a.blob.core.windows.net/c?sv=2024-01-01&sig={mixed(43)}%3D",
    "signed url": f"https://b.oss-cn-guangzhou.aliyuncs.com/a.png?OSSAccessKeyId=x{mixed(8)}&Signature={mixed(28)}",
    "sentry address": f"https://{hexadecimal(32)}@o1.ingest.sentry.io/2",
    # data sources
    "postgresql url": "postgresql://app:hunter2@db.example.com/rent001",
    "slash in password": "mysql://root:hun/ter2@db.example.com/rent001",
    "redis url": "redis://:hunter2@cache.example.com:6379/0",
    "go mysql": "root:hunter2@tcp(db.example.com:3306)/rent001",
    "oracle": "jdbc:oracle:thin:scott/hunter2@//db.example.com:1521/x",
    "jdbc parameter": "jdbc:mysql://db.example.com/rent?user=root&password=hunter2",
    "libpq": "host=db.example.com user=app password=hunter2 dbname=rent001",
    "ado": "Server=db.example.com;User Id=sa;Pwd=hunter2;",
    "azure connection": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={mixed(86)}==",
    "git url": f"https://ghp_{mixed(36)}@github.com/a/b.git",
    # clouds
    "alibaba": f"LTAI5t{mixed(18)}",
    "alibaba session": f"STS.N{mixed(24)}",
    "tencent": f"AKID{mixed(32)}",
    "volcengine": f"AKLT{mixed(40)}",
    "baidu": f"ALTAK-{mixed(20)}",
    "jd": f"JDC_{mixed(28).upper()}",
    "aws": "AKIA" + mixed(16).upper(),
    "aws session": "ASIA" + mixed(16).upper(),
    "google": f"AIza{mixed(35)}",
    "google client": f"GOCSPX-{mixed(28)}",
    # services
    "github": f"ghp_{mixed(36)}",
    "github fine-grained": f"github_pat_{mixed(22)}_{mixed(59)}",
    "gitlab": f"glpat-{mixed(20)}",
    "openai": f"sk-{mixed(20)}T3BlbkFJ{mixed(20)}",
    "deepseek, dashscope": f"sk-{hexadecimal(32)}",
    "anthropic": f"sk-ant-api03-{mixed(40)}",
    "zhipu": f"{hexadecimal(32)}.{mixed(16)}",
    "stripe": f"sk_live_{mixed(24)}",
    "stripe webhook": f"whsec_{mixed(32)}",
    "slack": f"xoxb-123456789012-{mixed(24)}",
    "sendgrid": f"SG.{mixed(22)}.{mixed(43)}",
    "mailgun": f"key-{hexadecimal(32)}",
    "mailchimp": f"{hexadecimal(32)}-us12",
    "twilio": f"SK{hexadecimal(32)}",
    "npm": f"npm_{mixed(36)}",
    "pypi": f"pypi-AgEIcHlwaS5vcmc{mixed(80)}",
    "docker": f"dckr_pat_{mixed(27)}",
    "hugging face": f"hf_{mixed(34)}",
    "vault": f"hvs.{mixed(24)}",
    "web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "basic": "Basic YWRtaW46aHVudGVyMg==",
    "bearer": "Bearer abcdefghijkl1234",
    # keys and hashes
    "pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n",
    "pkcs8 without header": DER_PKCS8,
    "pkcs1 without header": DER_PKCS1,
    "ec without header": DER_EC,
    "ed25519 without header": DER_ED25519,
    "pkcs12": DER_PKCS12,
    "encrypted pkcs8": DER_ENCRYPTED,
    "key in lines": "\n".join(DER_PKCS8[at : at + 16] for at in range(0, len(DER_PKCS8), 16)),
    "openssh without header": "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ",
    "age": f"AGE-SECRET-KEY-1{mixed(58).upper()}",
    "bcrypt": "$2b$12$" + mixed(53),
    "scram": "SCRAM-SHA-256$4096:c2FsdA==$a:b",
    "kubeconfig": "users: [{user: {client-key-data: LS0t}}]",
    # in words
    "json in a text": '{"appid": "wx1", "secret": "hunter2hunter2"}',
    "variable": "export DB_PASSWORD=hunter2",
    "chinese": "管理员密码：hunter2",
    "nothing known, hexadecimal": hexadecimal(64),
    "nothing known, base64": mixed(44),
}
# What the name says; in China these are what the consoles call them.
NAMED: Final = {
    "ak": {"ak": "Ab12"},
    "sk": {"sk": "Ab12Cd34"},
    "oss_sk": {"ossSk": "Ab12Cd34"},
    "mch_key": {"mch_key": "hunter2"},
    "api v3 key": {"apiV3Key": "hunter2hunter2hunter2hunter2hunt"},
    "app secret": {"appSecret": hexadecimal(32)},
    "app_key": {"app_key": hexadecimal(32)},
    "aes key": {"EncodingAESKey": mixed(43)},
    "cookie": {"cookie": "hunter2"},
    "authorization": {"Authorization": "hunter2"},
    "smtp code": {"smtp": {"auth_code": "abcdefghijklmnop"}},
    "smtp_pass": {"smtp_pass": "hunter2"},
    "jwt": {"jwt": "hunter2"},
    "salt": {"salt": "hunter2"},
    "session id": {"sessionId": "hunter2"},
    "variable": {"env": [{"name": "SMS_SECRET", "value": "hunter2"}]},
    "header": {"headers": [{"header": "Cookie", "value": "hunter2"}]},
    "any key": {"amap_key": hexadecimal(32)},
    "web key": {"kty": "OKP", "crv": "Ed25519", "d": "hunter2", "x": "hunter2"},
    "as a key": {f"AKID{mixed(32)}": True},
}
FINE: Final = {
    "addresses": {
        "site": "https://k001.yyup.cc/a/b?utm_source=wechat&page=2#top",
        "logo": "https://faceshanghaikarden.oss-cn-shanghai.aliyuncs.com/kindergarten/rent/13800138001/photos/a1b2.png",
        "port": "http://enrollment.tenant-k001.svc.cluster.local:8080/hook/health",
        "mail": "mailto:office@k001.example.com",
        "account": "git@github.com:a/b.git",
    },
    "identifiers": {
        "wechat_appid": "wx0123456789abcdef",
        "app_id": "cli_a1b2c3d4e5f6g7h8",
        "corp_id": "ww1234567890abcdef",
        "analytics_id": hexadecimal(32),
        "analytics": "G-AB12CD34EF",
        "icp": "粤ICP备2023012345号-1",
        "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "checksum": hexadecimal(64),
        "logo_sha256": hexadecimal(64),
        "public_key": mixed(44),
        "credit_code": "91440101MA5XXXXX0X",
        "bank": "6222021234567890123",
    },
    "words": {
        "motto": "每一天都新鲜：健康、快乐、自信",
        "notice": "Passwords are changed every 90 days; your token: see the mail",
        "hint": "密码至少 8 位",
        "long": "Kindergarten-of-the-Northern-Dipper-2026",
        "color": "#0a7",
        "sizes": "120x60,240x120",
        "cron": "0 8 * * 1-5",
        "expression": "a = b and c != d",
        "template": "https://example.com/?token={token}&name={name}",
        "placeholder": "password=${DB_PASSWORD}",
    },
    "names": {
        "cookie_domain": "k001.yyup.cc",
        "cookie": {"same_site": "lax", "secure": True},
        "task": "x",
        "disk": "10Gi",
        "primary_key": "id",
        "sort_key": "created_at",
        "keywords": ["幼儿园"],
        "pass_rate": 60,
        "compass": "north",
        "session_minutes": 30,
        "passport": "E12345678",
        "author": "园长",
    },
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_credential_is_refused_whatever_its_name(text: str) -> None:
    for value in (
        {"value": text},
        {"list": [text]},
        {"below": {"deeper": f"see {text}"}} if " " not in text else {"a": text},
    ):
        with pytest.raises(FieldError, match="looks like a secret") as caught:
            check_freeform(value)
        assert text not in str(caught.value)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("value", NAMED.values(), ids=NAMED.keys())
def test_what_a_name_says(value: Any) -> None:
    with pytest.raises(FieldError, match="looks like a secret") as caught:
        check_freeform(value)
    assert "hunter2" not in str(caught.value)
    assert "AKID" not in str(caught.value)


@pytest.mark.parametrize("value", FINE.values(), ids=FINE.keys())
def test_what_is_none(value: dict[str, Any]) -> None:
    for key, item in value.items():
        assert check_freeform({key: item}) == {key: item}


def test_a_text_is_looked_at_once() -> None:
    assert credential_in(TEXTS["tencent"]) == "an access key of Tencent Cloud"
    assert credential_in("") is None
