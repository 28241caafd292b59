"""A configuration may not hold secrets, under whatever name and however wrapped; limits on them are fine."""

from typing import Any

import pytest

from tenantry.parsing.faults import FieldError
from tenantry.spec.freeform import check_freeform

SECRETS = {
    "text": ({"password": "hunter2"}, ("password",)),
    "number": ({"password": 12345678}, ("password",)),
    "list": ({"passwords": ["hunter2hunter2"]}, ("passwords", 0)),
    "mapping": ({"secret": {"value": "hunter2hunter2"}}, ("secret", "value")),
    "deeper": ({"sms": {"credentials": [{"user": "a", "of": "hunter2hunter2"}]}}, ("sms", "credentials", 0, "of")),
    "key": ({"auth_key": "hunter2"}, ("auth_key",)),
    "camel case": ({"signingKey": "hunter2"}, ("signingKey",)),
    "a limit's name": ({"token_policy": "hunter2"}, ("token_policy",)),
    "of its own deeper": ({"credentials": {"password": "hunter2"}}, ("credentials", "password")),
    "no secretary": ({"secretArn": "hunter2"}, ("secretArn",)),
    "no tokenizer": ({"tokenIssue": "hunter2"}, ("tokenIssue",)),
    "bearer": ({"headers": {"Authorization": "Bearer abcdefghijkl1234"}}, ("headers", "Authorization")),
    "web token": ({"hook": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x"}, ("hook",)),
}


@pytest.mark.parametrize(("value", "path"), SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_refused_where_it_stands(value: Any, path: tuple[str | int, ...]) -> None:
    with pytest.raises(FieldError) as error:
        check_freeform(value)
    assert error.value.problem.startswith("looks like a secret")
    assert error.value.path == path
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "value",
    [
        {"max_tokens": 4096, "maxTokens": 4096, "tokens_per_minute": 100, "token_limit": {"daily": 5}},
        {"access_token_minutes": 30, "refresh_token_days": 7, "passwordMinLength": 10, "password_history": 5},
        {"password_policy": {"min_length": 10, "hash": "argon2id"}, "password": {"min_length": 10, "expires": False}},
        {"password_login": True, "secret": None, "token": "", "credentials": {}, "api_keys": []},
        {"password_strength": 3, "password_expires": 90, "token_validity": 3600, "contextTokens": 128000},
        {"password": {"min_length": 8, "special": 1}, "tokenBucket": {"rate": 5}, "passwordReset": {"url": "/reset"}},
        {"credentials": {"provider": "local"}, "secretQuestions": ["a"], "sharedKeyboard": "x"},
        {"motto": "Standard Bearer Kindergarten"},
        {"tokenizer": "bert", "secretary": "Ms Li", "keywords": ["a"], "monkey": "x", "primary_key": "id"},
    ],
)
def test_limits_switches_and_alike_names_are_no_secrets(value: Any) -> None:
    assert check_freeform(value) == value
