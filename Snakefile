import sys
from pathlib import Path

shell.prefix(
    f"set -euo pipefail; export PATH='{Path(sys.executable).parent}':\"$PATH\"; "
)


container: "docker://python:3.11-slim"


configfile: "config.yaml"


include: "workflow/rules/common.smk"


rule all:
    input:
        f"{RESULTS}/report.html",


include: "workflow/rules/prepare.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/judge.smk"
include: "workflow/rules/report.smk"
