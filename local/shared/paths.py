"""The root of the work tree, found from this file."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
