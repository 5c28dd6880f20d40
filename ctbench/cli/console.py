"""Where verbs speak to people, and what they are given."""

import argparse
import sys

from rich.console import Console

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
Options = argparse.Namespace
