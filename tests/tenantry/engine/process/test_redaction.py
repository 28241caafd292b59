"""No secret of the environment and nothing that looks like a password gets through."""

import pytest

from tenantry.engine.process.redaction import HIDDEN, redactor

ENVIRONMENT = {
    "PGPASSWORD": "hunter2-hunter2",
    "PULUMI_CONFIG_PASSPHRASE": "hunter2-hunter2-and-more",
    "ALICLOUD_SECRET_KEY": "sk/+==long",
    "ALICLOUD_ACCESS_KEY": "LTAI5t-access",
    "GITHUB_TOKEN": "ghp_sixteen",
    "PULUMI_CONFIG_PASSPHRASE_FILE": "/etc/passphrase",
    "MY_PASSWORD": "ab",
    "PATH": "/usr/bin:/bin",
}


@pytest.mark.parametrize(
    "name", ["PGPASSWORD", "PULUMI_CONFIG_PASSPHRASE", "ALICLOUD_SECRET_KEY", "ALICLOUD_ACCESS_KEY", "GITHUB_TOKEN"]
)
def test_secret_values_are_hidden_wherever_they_stand(name: str) -> None:
    text = redactor(ENVIRONMENT)(f"before {ENVIRONMENT[name]}, {ENVIRONMENT[name]} after")
    assert ENVIRONMENT[name] not in text
    assert text.startswith("before")
    assert text.count(HIDDEN) == 2


def test_a_secret_within_a_longer_one_leaves_no_rest() -> None:
    assert "and-more" not in redactor(ENVIRONMENT)(ENVIRONMENT["PULUMI_CONFIG_PASSPHRASE"])


@pytest.mark.parametrize("text", ["/etc/passphrase", "/usr/bin:/bin", "about", "a table"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert redactor(ENVIRONMENT)(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "CREATE ROLE rent001 LOGIN PASSWORD 'it''s s3cret' NOINHERIT",
        "create role rent001 encrypted password 's3cret'",
        "postgres://rent001:s3cret@db/rent001",
        "host=db password=s3cret dbname=x",
        "GET /?security_token=s3cret&x=1",
    ],
)
def test_what_looks_like_a_password_is_hidden(text: str) -> None:
    redacted = redactor({})(text)
    assert "s3cret" not in redacted
    assert HIDDEN in redacted
