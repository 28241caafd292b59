"""A deferred module is not loaded by those that do not use it, and is the real one for those that do."""

import os
import subprocess
import sys

import pytest

from local.shared.paths import ROOT

HEAVY = ("dill", "opentelemetry.sdk.trace", "pulumi.automation._stack", "oss2.api")
PRELUDE = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from tenantry.engine.process.deferred_imports import defer_sdk
defer_sdk()
"""


def in_process(code: str, **environment: str) -> str:
    """Output of a Python of its own: this one has everything loaded."""
    given = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + code], env=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def loaded_by(module: str, **environment: str) -> str:
    return in_process(f"import {module}\nprint(*[name for name in {HEAVY} if name in sys.modules])", **environment)


@pytest.mark.parametrize("module", ["provider.server", "stacks.program"])
def test_what_nobody_uses_is_not_loaded(module: str) -> None:
    assert loaded_by(module) == ""


def test_tracing_is_loaded_where_somebody_traces() -> None:
    traced = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert loaded_by("stacks.program", TRACEPARENT=traced) == "opentelemetry.sdk.trace"


@pytest.mark.parametrize(
    ("use", "printed"),
    [
        ("import pulumi\nprint(pulumi.automation.Stack.__name__)", "Stack"),
        ("from pulumi.automation import Stack\nprint(Stack.__name__)", "Stack"),
        ("import pulumi.dynamic\nprint(pulumi.dynamic.ResourceProvider.__name__)", "ResourceProvider"),
        ("from tenantry.backup.errors import oss2\nprint(oss2.exceptions.NoSuchKey.__name__)", "NoSuchKey"),
        ("import tenantry.backup.errors, oss2\nfrom oss2 import Bucket\nprint(Bucket.__name__)", "Bucket"),
    ],
)
def test_a_use_meets_the_real_module(use: str, printed: str) -> None:
    assert in_process(use) == printed
