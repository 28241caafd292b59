"""The engine's own advice, which is for stacks without data of others, and ours in its place.

It tells people to lift protection, to aim at single resources or to repair a state by hand. Every text of the engine
that a command shows goes through here. The advice is enumerated in the sources of the engine's version 3.250
(resource/deploy, engine, backend/diy, cmd/pulumi); what is right as it is (passphrase, decryption, `pulumi state
upgrade`) is passed on.
"""

import re
from typing import Final

KEEP: Final = (
    "What holds data stays protected: put back the setting or the file whose change would take it away. A tenant goes"
    " by `status: deleted` and `tenantry purge` (docs/life.md), an installation by `tenantry destroy`, told"
    " twice"
)
WHOLE: Final = "run `tenantry up`: it brings the whole stack about, and aims at nothing"


def _advice(words: str, ours: str) -> tuple[re.Pattern[str], str]:
    """A space stands for any white space: the engine and its displays break lines where they like."""
    return re.compile(words.replace(" ", r"\s+"), re.DOTALL), ours


_ADVICE: Final = (
    # step.go deleteProtectedError; step_generator.go, replacements of one resource and of what depends on it
    _advice(
        r"To unprotect the resource, (?:either )?remove the `protect` flag from the resource in your Pulumi program "
        r"and run `pulumi up`(?:, or use the command: `pulumi state unprotect [^`]*`)?",
        KEEP,
    ),
    # step_generator.go, twice
    _advice(
        r"due to a change of providers mixed with --target\. Change your program back to the original providers",
        f"due to a change of providers: {WHOLE}",
    ),
    # diag/errors.go 2014
    _advice(r"Either include resource in --target list or pass --target-dependents to proceed\.", WHOLE),
    # deployment_executor.go printPendingOperationsWarning
    _advice(
        r"You should confirm whether or not the operations listed .*?clear pending CREATE operations\.",
        "The next `tenantry up` recovers them.",
    ),
    # backend/diy/lock.go
    _advice(
        r"Either wait for the other process\(es\) to end or delete the lock file with `pulumi cancel`\.",
        "Wait for the other process to end; a lock whose engine is proved dead `tenantry up` breaks by itself.",
    ),
    # engine/plugins.go, twice
    _advice(
        r"run `pulumi plugin install [^`]*` to retry manually",
        "`make build` builds the plugins of the embedded engine; one of your own fetches them by itself",
    ),
    _advice(r"run `pulumi install` to resolve them", "run `make build`"),
    # resource/plugin/provider_plugin.go createConfigureError
    _advice(
        r"Set a value using the command `pulumi config set [^`]*`\.",
        "Providers take their settings from those of tenantry, which Pulumi.yaml describes.",
    ),
    # resource/plugin/plugin.go Close
    _advice(
        r"This is \*always\* a bug in the provider\. Please report the issue to the provider author as appropriate\.",
        "Run it again; where it ends so each time, its last words say why.",
    ),
    # cmd/pulumi/cmd/cmd.go printSnapshotIntegrityError, both forms
    _advice(
        r"You can try to repair (?:the|your) snapshot .*?`pulumi state delete`\.?",
        "Repair nothing by hand: bring the last sound copy of the state back from its storage (.pulumi/backups), with"
        " `pulumi stack import`, and run `tenantry up`.",
    ),
    # secrets/cloud/manager.go, in the words of gocloud.dev/secrets
    _advice(
        r"get stack secrets manager:(?!.*passphrase)(?: secrets \(code=\w+\):)?",
        "the stack's secrets cannot be decrypted: the key that the stack's file names as `secretsprovider` does not"
        " answer or refuses. See that it is within reach and that this shell's credentials may use it:",
    ),
    # the same, and cmd/pulumi/main.go panicHandler
    _advice(
        r"We would appreciate a report: https://github\.com/pulumi/pulumi/issues/"
        r"(?: Please provide all of the text below in your report\.)?",
        "The text below may hold what is secret: read it before anybody else does.",
    ),
    # our own plugin, local/kubernetes/failures.go: it knows one object, and not that the stack has its namespace
    _advice(
        r"make the namespace a resource that this one depends on, or correct metadata\.namespace",
        "somebody has removed the namespace: a run reads everything and makes it anew",
    ),
    # backend/backenderr
    _advice(
        r"this command requires logging in; try running `pulumi login` first",
        "this state asks for a login: export the stack's own PULUMI_BACKEND_URL",
    ),
    # cmd/pulumi/stack/io.go
    _advice(
        r"please use `pulumi stack select`(?: or `pulumi stack init`)? to choose one", "name the stack with --stack"
    ),
)


def in_our_words(text: str) -> str:
    """A text of the engine with its advice replaced."""
    for words, ours in _ADVICE:
        text = words.sub(lambda _, ours=ours: ours, text)
    return text
