from ctbench.papers._plan import plan, set_aside_damaged, write_plan
from ctbench.spec.config import merge
from ctbench.spec.errors import UserError
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.utils import validate

try:
    CONFIG = merge(config, "config.yaml")
    JOBS = {
        job.spec.run_id: job
        for job in plan(CONFIG, as_written=not workflow.is_main_process)
    }
    CONFIG_FILE = write_plan(CONFIG, list(JOBS.values()), config)
    if workflow.is_main_process:
        for damage in set_aside_damaged(JOBS.values()):
            logger.warning(f"{damage}. It is made again.")
except UserError as error:
    raise WorkflowError(str(error)) from None
validate(config, "../schemas/config.schema.json", set_default=False)

RESULTS = str(CONFIG.folder)
# A run with a large share of all the work starts first, so that no core waits for it at the end.
LARGE = 0.1 * sum(job.guess for job in JOBS.values())


def records(runs):
    return [f"{RESULTS}/runs/{run}/record.json" for run in runs]


def code_of(batch):
    parents = [JOBS[run].code for run in batch.parents if run in JOBS]
    return sorted({job.code for job in batch.jobs}.union(parents))


def specs_of(wildcards, output):
    return [str(Path(record).with_name("spec.json")) for record in output]


# Profiles may set `deadline` to 1, and `jobs_per_gpu` to the runs that share a GPU.
def limits_of(wildcards, resources):
    minutes = resources.runtime * resources.get("deadline", 0)
    return f"--max-minutes {minutes} --jobs-per-gpu {resources.get('jobs_per_gpu', 0)}"
