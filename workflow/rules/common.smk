from ctbench.papers._plan import plan, write_plan
from ctbench.spec.config import merge
from ctbench.spec.errors import UserError
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

try:
    CONFIG = merge(config, "config.yaml")
    JOBS = {job.spec.run_id: job for job in plan(CONFIG)}
    CONFIG_FILE = write_plan(CONFIG, list(JOBS.values()), config)
except UserError as error:
    raise WorkflowError(str(error)) from None
validate(config, "../schemas/config.schema.json", set_default=False)

RESULTS = str(CONFIG.folder)
# A run with a large share of all the work starts first, so that no core waits for it at the end.
LARGE = 0.1 * sum(job.seconds for job in JOBS.values())


def runs_where(wanted):
    return "|".join(name for name, job in JOBS.items() if wanted(job)) or "none"


TRAINED = runs_where(lambda job: not job.spec.parent and job.seconds <= LARGE)
TRAINED_FIRST = runs_where(lambda job: not job.spec.parent and job.seconds > LARGE)
SWEPT = runs_where(lambda job: job.spec.parent)


def data_of(wildcards):
    name = JOBS[wildcards.run].data
    return [ancient(f"{CONFIG.data}/{name}.npz")] if name else []


def parent_of(wildcards):
    return f"{RESULTS}/runs/{JOBS[wildcards.run].spec.parent}/record.json"


def code_of(wildcards):
    return JOBS[wildcards.run].code


def minutes_of(wildcards, attempt):
    return JOBS[wildcards.run].minutes * attempt


def gpu_of(wildcards):
    return int(CONFIG.device == "cuda")
