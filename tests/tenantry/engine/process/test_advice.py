"""The engine's advice, enumerated from its sources: which is replaced, and which is passed on."""

import re
from pathlib import Path

import pytest

from tenantry.engine.process.advice import KEEP, in_our_words
from tenantry.engine.process.events import Message
from tenantry.engine.process.pulumi_cli import Answer
from tenantry.engine.run.ended import remark_of
from tenantry.engine.run.engine_process import EngineResult
from tenantry.engine.run.progress import Progress

URN = "urn:pulumi:local::tenantry::postgresql:index/database:Database::k001-db-database"
DANGEROUS = re.compile(
    r"`protect` flag|state unprotect|state delete|state repair|integrity-checking|pulumi cancel|--target"
    r"|pulumi refresh|pulumi plugin|pulumi install|pulumi config set|pulumi login|pulumi stack select|bug in the provider"
    r"|pulumi/issues|make the namespace a resource"
)
# Advice -> what is left of the text around it.
REPLACED = {
    f'resource "{URN}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove the `protect` '
    f"flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n`pulumi state unprotect "
    f"'{URN}'`": f'resource "{URN}" cannot be deleted',
    f'unable to replace resource "{URN}"\nas it is currently marked for protection. To unprotect the resource, remove the '
    "`protect` flag from the resource in your Pulumi program and run `pulumi up`": "unable to replace resource",
    f'unable to replace resource "{URN}" as part of replacing "{URN}" as it is currently marked for protection. To '
    "unprotect the resource, remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`, or "
    f"use the command:\n`pulumi state unprotect '{URN}'`": "as part of replacing",
    f"provider x for resource {URN} has not been registered yet, this is due to a change of providers mixed with --target. "
    "Change your program back to the original providers": "has not been registered yet",
    f"Resource '{URN}' will be destroyed but was not specified in the list of targets.\nEither include resource in --target "
    "list or pass --target-dependents to proceed.": "will be destroyed",
    "Attempting to deploy or update resources with 1 pending operations from previous deployment.\n"
    f"  * {URN}, interrupted while creating\n"
    "These resources are in an unknown state because the Pulumi CLI was interrupted while waiting for changes to these "
    "resources to complete. You should confirm whether or not the operations listed completed successfully by checking the "
    "state of the appropriate provider. For example, if you are using AWS, you can confirm using the AWS Console.\n\n"
    "Once you have confirmed the status of the interrupted operations, you can repair your stack using `pulumi refresh` "
    "which will refresh the state from the provider you are using and clear the pending operations if there are any.\n\n"
    "Note that `pulumi refresh` will need to be run interactively to clear pending CREATE operations.": "interrupted while",
    "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with "
    "`pulumi cancel`.": "the stack is currently locked by 1 lock(s).",
    "installing plugin; run `pulumi plugin install resource random v4.21.4` to retry manually: no route": "no route",
    'language runtime "python" returned 2 unresolved package spec(s), which are not supported during this operation; run '
    "`pulumi install` to resolve them": "unresolved package",
    'missing required configuration key "alicloud:region": the region\nSet a value using the command `pulumi config set '
    "alicloud:region <value>`.": "alicloud:region",
    "Detected that pulumi-resource-kubernetes exited prematurely. \n       This is *always* a bug in the provider. Please "
    "report the issue to the provider author as appropriate.\n       To assist with debugging we have dumped the STDOUT and "
    "STDERR streams of the plugin:last words\n": "last words",
    "The Pulumi CLI attempted to automatically repair this error but was unable to\ndo so (x). You can try to repair the "
    "snapshot by passing the `--disable-integrity-checking` flag.This will disable integrity checking on many Pulumi "
    "commands. This will allow you to execute fine-grained repairs using e.g. `pulumi state delete`": "unable to",
    "This is a bug!\n\nYou can try to repair your snapshot as follows:\n\n* Using the `pulumi state repair` command. This is "
    "the recommended approach.\n  Run `pulumi state repair --help` for more information.\n* Passing the "
    "`--disable-integrity-checking` flag. This will disable integrity\n  checking on many Pulumi commands. This is riskier, "
    "but may allow you to\n  execute fine-grained repairs using e.g. `pulumi state delete`.\n": "This is a bug!",
    "The Pulumi CLI encountered a fatal error. This is a bug!\nWe would appreciate a report: "
    "https://github.com/pulumi/pulumi/issues/\nPlease provide all of the text below in your report.": "a fatal error",
    "this command requires logging in; try running `pulumi login` first": "this state asks for a login",
    "no stack selected; please use `pulumi stack select` or `pulumi stack init` to choose one": "no stack selected",
    'ConfigMap tenant-k003/business-app: updating it failed: namespaces "tenant-k003" not found; make the namespace a '
    "resource that this one depends on, or correct metadata.namespace": "not found; somebody has removed the namespace",
}
# Right as it is.
PASSED = (
    "failed to decrypt: incorrect passphrase, please set PULUMI_CONFIG_PASSPHRASE to the correct passphrase or set "
    "PULUMI_CONFIG_PASSPHRASE_FILE to a file containing the passphrase",
    "Found legacy stack files in state store:\n  - dev\nPlease run 'pulumi state upgrade' to migrate them to the new format.",
    f"Duplicate resource URN '{URN}'; try giving it a unique name",
)


@pytest.mark.parametrize(("text", "left"), REPLACED.items(), ids=range(len(REPLACED)))
def test_advice_that_costs_data_or_leads_nowhere_is_replaced(text: str, left: str) -> None:
    assert DANGEROUS.search(text)
    ours = in_our_words(text)
    assert DANGEROUS.search(ours) is None
    assert left in ours
    assert len(ours) > len(left)


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ("secrets (code=Unknown): operation error KMS", "use it: operation error KMS"),
        ('secrets (code=Unknown): Put "http://127.0.0.1:9/v1/transit/decrypt/x": dial tcp', "decrypt/x\": dial tcp"),
        ("2 errors occurred:\n    1) Error making API request.\n\nCode: 403. Errors:\n\n* permission denied",
         "use it: 2 errors occurred:\n    1) Error making API request.\n\nCode: 403. Errors:\n\n* permission denied"),
        ("open keeper hashivault://x: neither VAULT_SERVER_URL nor VAULT_ADDR", "use it: open keeper hashivault://x: "
         "neither VAULT_SERVER_URL nor VAULT_ADDR"),
    ],
)  # fmt: skip
def test_a_key_that_does_not_answer_is_named_for_what_it_is(said: str, end: str) -> None:
    ours = in_our_words(f"error: getting stack configuration: get stack secrets manager: {said}")
    assert "the key that the stack's file names as `secretsprovider` does not answer or refuses" in ours
    assert ours.endswith(end)


def test_a_passphrase_that_is_wrong_is_no_key_that_does_not_answer() -> None:
    said = "error: getting stack configuration: get stack secrets manager: incorrect passphrase"
    assert "secretsprovider" not in in_our_words(said)


@pytest.mark.parametrize("text", PASSED)
def test_other_advice_is_passed_on(text: str) -> None:
    assert in_our_words(text) == text


def test_every_way_to_a_person_goes_through_it() -> None:
    text = next(iter(REPLACED))
    finding = Progress().take(Message("error", URN, text))
    assert finding is not None
    assert finding.text.endswith(KEEP)
    assert Answer(1, "", f"{text}\n").complaint.endswith(KEEP)
    assert remark_of(EngineResult(255, 1.0, text, is_interrupted=False), []).endswith(KEEP)


def test_no_command_shows_the_engines_error_as_it_is() -> None:
    for file in (Path(__file__).resolve().parents[4] / "tenantry").rglob("*.py"):
        if file.name != "pulumi_cli.py":
            assert not re.search(r"\.err\.strip\(\)", file.read_text("utf-8")), file
