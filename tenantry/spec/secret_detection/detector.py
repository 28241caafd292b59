"""The families that detect-secrets knows by their looks: its plugins' expressions, none of its guesses.

Left out are those that go by a variable's name or by entropy (keyword, high entropy, IBM, Cloudant, SoftLayer), for
which names and thresholds of our own are in `names` and `randomness`, those that are no secret (public addresses), and
Artifactory's, whose two letters and ten characters many an ordinary name has.
"""

import re
from collections.abc import Iterable
from typing import Any, Final, cast

from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

_PLUGINS: Final[tuple[type[RegexBasedDetector], ...]] = (
    AWSKeyDetector,
    AzureStorageKeyDetector,
    BasicAuthDetector,
    DiscordBotTokenDetector,
    GitHubTokenDetector,
    GitLabTokenDetector,
    MailchimpDetector,
    NpmDetector,
    OpenAIDetector,
    PrivateKeyDetector,
    PypiTokenDetector,
    SendGridDetector,
    SlackDetector,
    SquareOAuthDetector,
    StripeDetector,
    TelegramBotTokenDetector,
    TwilioKeyDetector,
)
_EXPRESSIONS: Final = tuple(
    (str(cast(Any, plugin).secret_type), expression)
    for plugin in _PLUGINS
    for expression in cast(Iterable[re.Pattern[str]], plugin.denylist)  # the package types it as a property
)


def detected(text: str) -> str | None:
    """The kind by detect-secrets' name, such as `GitHub Token`."""
    return next((f"a credential ({kind})" for kind, expression in _EXPRESSIONS if expression.search(text)), None)
