from ctbench.papers._plan import plan, set_aside_damaged, write_plan
from ctbench.spec.config import merge
from ctbench.spec.errors import UserError
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.utils import validate

try:
    CONFIG = merge(config, "config.yaml")
    JOBS = {job.spec.run_id: job for job in plan(CONFIG)}
    CONFIG_FILE = write_plan(CONFIG, list(JOBS.values()), config)
    if workflow.is_main_process:
        for damage in set_aside_damaged(JOBS.values()):
            logger.warning(f"{damage}. It is made again.")
except UserError as error:
    raise WorkflowError(str(error)) from None
validate(config, "../schemas/config.schema.json", set_default=False)

RESULTS = str(CONFIG.folder)
# A run with a large share of all the work starts first, so that no core waits for it at the end.
LARGE = 0.1 * sum(job.seconds for job in JOBS.values())
# Such runs may share a job of a cluster.
SMALL = 60


def runs_where(wanted):
    return "|".join(name for name, job in JOBS.items() if wanted(job)) or "none"


TRAINED = runs_where(lambda job: not job.spec.parent and SMALL < job.seconds <= LARGE)
TRAINED_SMALL = runs_where(
    lambda job: not job.spec.parent and job.seconds <= min(SMALL, LARGE)
)
TRAINED_FIRST = runs_where(lambda job: not job.spec.parent and job.seconds > LARGE)
SWEPT = runs_where(lambda job: job.spec.parent)


def data_of(wildcards):
    name = JOBS[wildcards.run].data
    return [ancient(f"{CONFIG.data}/{name}.npz")] if name else []


def parent_of(wildcards):
    # A parent that was put together again, the same as before, is no reason to sweep again: its code is (see code_of).
    return ancient(f"{RESULTS}/runs/{JOBS[wildcards.run].spec.parent}/record.json")


def code_of(wildcards):
    job = JOBS[wildcards.run]
    return (
        [job.code, JOBS[job.spec.parent].code] if job.spec.parent in JOBS else job.code
    )


def minutes_of(wildcards, attempt):
    return JOBS[wildcards.run].minutes * attempt


def memory_of(wildcards, attempt):
    return JOBS[wildcards.run].memory * attempt


def gpu_of(wildcards):
    return int(CONFIG.device == "cuda")
