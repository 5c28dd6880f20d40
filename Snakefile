import sys
from pathlib import Path

from ctbench.papers._plan import plan, write_plan
from ctbench.spec.code import code_hash
from ctbench.spec.config import merge
from ctbench.spec.errors import UserError
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

shell.prefix(
    f"set -euo pipefail; export PATH='{Path(sys.executable).parent}':\"$PATH\"; "
)


container: "docker://python:3.11-slim"


configfile: "config.yaml"


try:
    CONFIG = merge(config, "config.yaml")
    JOBS = {job.spec.run_id: job for job in plan(CONFIG)}
    CONFIG_FILE = write_plan(CONFIG, list(JOBS.values()), config)
except UserError as error:
    raise WorkflowError(str(error)) from None
validate(config, "workflow/schemas/config.schema.json", set_default=False)
RESULTS = str(CONFIG.folder)


rule all:
    input:
        f"{RESULTS}/report.html",


include: "workflow/rules/common.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/sweep.smk"
include: "workflow/rules/judge.smk"
include: "workflow/rules/report.smk"
